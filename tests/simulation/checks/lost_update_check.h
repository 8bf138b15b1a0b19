// LostUpdateCheck (S8): what the API answered against what the store committed.
//
// Every version of a key is one write, and versions have one order, so the history of a key is
// linearisable if each request took effect, or read, at a point between its coming and its answer:
// a write that named a version replaced exactly that one, a read saw a version that was the newest
// meanwhile, and a Conflict had another version to tell of.

#pragma once

#include "tests/simulation/checks/history.h"
#include "tests/simulation/checks/taps.h"

#include <optional>

namespace clickdeploy::simulation {

class LostUpdateCheck {
 public:
  LostUpdateCheck(const History& history, Report& report) : history_(history), report_(report) {}

  // The history has caught up with `exchange.answered`.
  void answered(const ApiExchange& exchange) const;

 private:
  void judge_write(const ApiExchange& exchange, const store::Key& key) const;
  void judge_refusal(const ApiExchange& exchange, const store::Key& key) const;
  void judge_read(const ApiExchange& exchange, const store::Key& key) const;
  void tell(const ApiExchange& exchange, const std::string& what) const;

  const History& history_;
  Report& report_;
};

// What a path names. `key.name` is "" for a collection.
struct NamedByPath {
  store::Key key;
  std::string subresource;
};
std::optional<NamedByPath> named_by(const std::string& url);

// metadata.resourceVersion of an object's text; 0 if it has none.
store::Revision version_in(std::string_view object);

}  // namespace clickdeploy::simulation
