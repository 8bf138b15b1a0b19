#include "tests/simulation/checks/history.h"

#include "controller/async/block_on.h"

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

constexpr std::size_t kEventsAtOnce = 1000;
const std::vector<Version> kNone;

// The first version after `revision`.
auto after(const std::vector<Version>& versions, store::Revision revision) {
  return std::ranges::upper_bound(versions, revision, {}, &Version::revision);
}

store::Revision shown_by(const Version& version) {
  return version.type == store::EventType::Deleted ? 0 : version.revision;
}

}  // namespace

void History::catch_up(store::ObjectStore& store,
                       const std::function<void(const store::Event&)>& tell) {
  const store::Revision newest = store.revision();
  if (newest == revision_) return;
  if (newest < revision_) {
    report_.add("S7", "the revision fell from " + std::to_string(revision_) + " to " +
                          std::to_string(newest));
    revision_ = newest;
    return;
  }
  Result<std::unique_ptr<store::Watch>> watch = store.watch("", revision_);
  if (!watch) return report_.add("S9", "no watch from where it was: " + watch.error().message());
  while (revision_ < newest) {
    // There are events, so this does not wait.
    Result<std::vector<store::Event>> events = block_on((*watch)->next(kEventsAtOnce));
    if (!events) return report_.add("S9", "the log broke off: " + events.error().message());
    for (const store::Event& event : *events) {
      append(event);
      tell(event);
    }
  }
}

void History::append(const store::Event& event) {
  const store::Document& document = *event.document;
  const std::string name = document.key.resource + " " + document.key.name;
  if (document.revision != revision_ + 1) {
    report_.add("S7", name + " has version " + std::to_string(document.revision) + " after " +
                          std::to_string(revision_));
  }
  revision_ = document.revision;
  const store::Revision before = current_at(document.key, document.revision);
  const store::Revision follows = event.previous == nullptr ? 0 : event.previous->revision;
  if (before != follows) {
    report_.add("S8", name + " at " + std::to_string(document.revision) + " follows version " +
                          std::to_string(follows) + ", but " + std::to_string(before) +
                          " was the newest");
  }
  const Version version{.revision = document.revision,
                        .type = event.type,
                        .seen = clock_.steady_now(),
                        .document = event.document};
  keys_[document.key].push_back(version);
  resources_[document.key.resource].push_back(version);
}

const std::vector<Version>& History::of(const store::Key& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? kNone : found->second;
}

const std::vector<Version>& History::of_resource(const std::string& resource) const {
  const auto found = resources_.find(resource);
  return found == resources_.end() ? kNone : found->second;
}

bool History::was_current(const store::Key& key, store::Revision version, store::Revision from,
                          store::Revision to) const {
  const std::vector<Version>& versions = of(key);
  if (current_at(key, from) == version) return true;
  for (auto each = after(versions, from); each != versions.end() && each->revision <= to; ++each) {
    if (shown_by(*each) == version) return true;
  }
  return false;
}

store::Revision History::current_at(const store::Key& key, store::Revision revision) const {
  const std::vector<Version>& versions = of(key);
  const auto next = after(versions, revision);
  return next == versions.begin() ? 0 : shown_by(*std::prev(next));
}

}  // namespace clickdeploy::simulation
