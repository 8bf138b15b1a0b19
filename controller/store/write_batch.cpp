#include "controller/base/planted.h"
#include "controller/store/write_batch_internal.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace clickdeploy::store {
namespace {

std::string describe(const Key& key) {
  if (key.namespace_name.empty()) return fmt::format("{} \"{}\"", key.resource, key.name);
  return fmt::format("{} \"{}/{}\"", key.resource, key.namespace_name, key.name);
}

std::optional<Error> check(const Write& write, const DocumentPtr& current) {
  if (write.operation == Operation::Create) {
    if (!current) return std::nullopt;
    return Error(ErrorCode::AlreadyExists, describe(write.key) + " already exists");
  }
  if (!current) return Error(ErrorCode::NotFound, describe(write.key) + " not found");
  const bool checked = write.expected_revision != 0 && !planted(Bug::WriteConflictUnseen);
  if (checked && write.expected_revision != current->revision) {
    return Error(ErrorCode::Conflict,
                 fmt::format("{} is at revision {}, not at {}", describe(write.key),
                             current->revision, write.expected_revision));
  }
  return std::nullopt;
}

EventType type_of(Operation operation) {
  switch (operation) {
    case Operation::Create:
      return EventType::Added;
    case Operation::Update:
      return EventType::Modified;
    case Operation::Delete:
      return EventType::Deleted;
  }
  return EventType::Modified;
}

}  // namespace

Result<DocumentPtr> WriteBatch::add(Write write) {
  DocumentPtr previous = current(write.key);
  if (std::optional<Error> refused = check(write, previous)) return std::unexpected(*refused);

  auto document = std::make_shared<Document>();
  document->key = std::move(write.key);
  document->revision = ++revision_;
  document->facts = std::move(write.facts);
  document->bytes = std::move(write.before);
  document->bytes += std::to_string(document->revision);
  document->bytes += write.after;
  document->bytes.shrink_to_fit();  // it may live long

  DocumentPtr done = std::move(document);
  written_[done->key] = write.operation == Operation::Delete ? nullptr : done;
  events_.push_back(Event{type_of(write.operation), done, std::move(previous)});
  return done;
}

DocumentPtr WriteBatch::current(const Key& key) const {
  auto found = written_.find(key);
  return found != written_.end() ? found->second : state_.get(key);
}

}  // namespace clickdeploy::store
