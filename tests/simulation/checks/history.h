// History: every change that the store has committed, in order, as the store tells it; and for each
// key its versions. It breaks S7 if a revision is left out, comes twice or falls, and S8 if a
// change does not follow the version before it.

#pragma once

#include "controller/base/json.h"
#include "controller/store/object_store.h"
#include "tests/simulation/sim_report.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct Version {
  store::Revision revision = 0;
  store::EventType type = store::EventType::Added;
  SteadyTime seen{};              // when it was read here
  store::DocumentPtr document{};  // for Deleted: the last state
};

class History {
 public:
  History(const Clock& clock, Report& report) : clock_(clock), report_(report) {}

  // Reads what is new and tells each change.
  void catch_up(store::ObjectStore& store, const std::function<void(const store::Event&)>& tell);

  // One change, as catch_up() does it.
  void append(const store::Event& event);

  store::Revision revision() const { return revision_; }

  // In order. Empty for what was never there.
  const std::vector<Version>& of(const store::Key& key) const;
  const std::vector<Version>& of_resource(const std::string& resource) const;

  // Was this the newest version of the key at some revision in [from, to]? `version` 0: was there
  // none?
  bool was_current(const store::Key& key, store::Revision version, store::Revision from,
                   store::Revision to) const;
  // The newest version of the key at `revision`; 0 if there was none.
  store::Revision current_at(const store::Key& key, store::Revision revision) const;

 private:
  const Clock& clock_;
  Report& report_;
  store::Revision revision_ = 0;
  std::map<store::Key, std::vector<Version>> keys_;
  std::map<std::string, std::vector<Version>> resources_;
};

}  // namespace clickdeploy::simulation
