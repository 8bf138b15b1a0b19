// Reflector: keeps a copy of one collection by list and watch. Informer<K>: that copy, typed.
//
// Threads: one executor's. run() is started once in a TaskGroup and unwinds when cancelled. It
// never gives up: a watch that ends is continued from the last version seen; an Expired one, and
// one that failed five times in a row, lists again; errors wait with backoff (to 30 s), and the
// fifth in a row is told in the log. An object that cannot be read stays as it was read last.

#pragma once

#include "api/v1alpha1/codec.h"
#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "controller/async/signal.h"
#include "controller/client/client.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::runtime {

using api::ObjectKey;

// Where a reflector puts what it sees.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  virtual void replace(const std::vector<Json>& objects) = 0;  // after each list
  virtual void put(const Json& object) = 0;
  virtual void erase(const Json& object) = 0;
};

class Reflector {
 public:
  Reflector(client::Client& client, Clock& clock, Random& random, client::ResourcePath path,
            ReflectorSink& sink);
  Task<void> run();

 private:
  Task<Result<void>> list_and_watch();
  Task<Result<void>> watch_once();
  void note_success();
  void note_failure(const Error& error);

  client::Client& client_;
  Clock& clock_;
  Random& random_;
  client::ResourcePath path_;
  ReflectorSink& sink_;
  std::string version_;  // "" means: list first
  std::uint32_t failures_ = 0;
};

// How a kind is read out of Json. Specialised for Json itself: secrets, namespaces.
template <class Kind>
struct ObjectReader {
  static Result<Kind> read(const Json& object) { return api::decode<Kind>(object); }
};
template <>
struct ObjectReader<Json> {
  static Result<Json> read(const Json& object) { return object; }
};

// Logs that an object could not be read; in the .cpp to keep spdlog out of the template.
void log_unreadable(const std::string& resource, const ObjectKey& key, const Error& error);

template <class Kind>
class Informer final : private ReflectorSink {
 public:
  using Ptr = std::shared_ptr<const Kind>;
  // `before` is nullptr for a new object, `now` for a deleted one.
  using Handler = std::function<void(const ObjectKey& key, const Ptr& before, const Ptr& now)>;

  Informer(client::Client& client, Clock& clock, Random& random, client::ResourcePath path)
      : resource_(path.plural), reflector_(client, clock, random, std::move(path), *this) {}

  Task<void> run() { return reflector_.run(); }
  void listen(Handler handler) { handlers_.push_back(std::move(handler)); }

  // True once the first list is in. Nobody acts on a cache that has not synced.
  bool synced() const { return synced_; }
  Task<void> wait_synced() {
    while (!synced_) {
      const std::uint64_t seen = synced_signal_.version();
      co_await synced_signal_.wait(seen);
    }
  }

  Ptr get(const ObjectKey& key) const {  // nullptr if there is none
    auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  std::vector<Ptr> list() const {  // by namespace, then name
    std::vector<Ptr> all;
    all.reserve(objects_.size());
    for (const auto& [key, object] : objects_) all.push_back(object);
    return all;
  }
  std::vector<Ptr> list(const std::string& namespace_name) const {
    std::vector<Ptr> some;
    for (auto at = objects_.lower_bound({namespace_name, ""});
         at != objects_.end() && at->first.namespace_name == namespace_name; ++at) {
      some.push_back(at->second);
    }
    return some;
  }
  std::size_t size() const { return objects_.size(); }

 private:
  static ObjectKey key_of(const Json& object) {
    return {object["metadata"]["namespace"].as_string(), object["metadata"]["name"].as_string()};
  }

  void replace(const std::vector<Json>& objects) override {
    std::map<ObjectKey, Ptr> before = std::move(objects_);
    objects_.clear();
    for (const Json& object : objects) {
      const ObjectKey key = key_of(object);
      Ptr now = read(key, object);
      if (now == nullptr) {
        // It is there: to take it for deleted would take down what belongs to it.
        auto last = before.find(key);
        if (last == before.end()) continue;
        now = last->second;
      }
      objects_.emplace(key, now);
    }
    synced_ = true;
    synced_signal_.notify();
    for (const auto& [key, now] : std::map<ObjectKey, Ptr>(objects_)) {
      auto old = before.find(key);
      tell(key, old == before.end() ? nullptr : old->second, now);
    }
    for (const auto& [key, old] : before) {
      if (!objects_.contains(key)) tell(key, old, nullptr);
    }
  }
  void put(const Json& object) override {
    const ObjectKey key = key_of(object);
    Ptr now = read(key, object);
    if (now == nullptr) return;
    Ptr before = std::exchange(objects_[key], now);
    tell(key, before, now);
  }
  void erase(const Json& object) override {
    const ObjectKey key = key_of(object);
    auto found = objects_.find(key);
    if (found == objects_.end()) return;
    Ptr before = found->second;
    objects_.erase(found);
    tell(key, before, nullptr);
  }
  Ptr read(const ObjectKey& key, const Json& object) const {
    Result<Kind> value = ObjectReader<Kind>::read(object);
    if (value) return std::make_shared<const Kind>(*std::move(value));
    log_unreadable(resource_, key, value.error());
    return nullptr;
  }
  void tell(const ObjectKey& key, const Ptr& before, const Ptr& now) const {
    for (const Handler& handler : handlers_) handler(key, before, now);
  }

  std::string resource_;
  std::map<ObjectKey, Ptr> objects_;
  std::vector<Handler> handlers_;
  bool synced_ = false;
  Signal synced_signal_;
  Reflector reflector_;
};

}  // namespace clickdeploy::runtime
