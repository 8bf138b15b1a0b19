#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/base/check.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kResourceVersion = "resourceVersion";

// Writes `"key":` with the comma it needs.
void append_key(std::string& text, std::string_view key) {
  if (text.back() != '{') text += ',';
  append_json(text, Json(key));
  text += ':';
}

struct Spliced {
  std::string before;
  std::string after;
};

// metadata as text, cut in two where the revision belongs; keys stay sorted.
Spliced splice_metadata(const Json& metadata) {
  Spliced spliced;
  spliced.before = "{";
  bool passed = false;
  auto pass = [&spliced, &passed] {
    append_key(spliced.before, kResourceVersion);
    spliced.before += '"';
    spliced.after = "\"";
    passed = true;
  };
  for (const auto& [key, value] : metadata.as_object()) {
    if (key == kResourceVersion) continue;
    if (!passed && key > kResourceVersion) pass();
    std::string& text = passed ? spliced.after : spliced.before;
    append_key(text, key);
    append_json(text, value);
  }
  if (!passed) pass();
  spliced.after += '}';
  return spliced;
}

Spliced splice(const Json& object) {
  Spliced spliced;
  spliced.before = "{";
  bool passed = false;
  for (const auto& [key, value] : object.as_object()) {
    std::string& text = passed ? spliced.after : spliced.before;
    append_key(text, key);
    if (key == "metadata") {
      Spliced metadata = splice_metadata(value);
      spliced.before += metadata.before;
      spliced.after = std::move(metadata.after);
      passed = true;
    } else {
      append_json(text, value);
    }
  }
  CHECK(passed, "a stored object has metadata");
  spliced.after += '}';
  return spliced;
}

}  // namespace

store::Write make_write(store::Operation operation, const store::Key& key,
                        store::Revision expected_revision, const Json& object) {
  Spliced spliced = splice(object);
  store::Write write;
  write.operation = operation;
  write.key = key;
  write.expected_revision = expected_revision;
  write.before = std::move(spliced.before);
  write.after = std::move(spliced.after);
  write.facts = read_object_facts(object);
  return write;
}

store::Facts read_object_facts(const Json& object) {
  const Json& metadata = object["metadata"];
  store::Facts facts;
  facts.uid = metadata["uid"].as_string();
  facts.owner_uids = owner_uids_of(metadata["ownerReferences"]);
  facts.deleting = is_deleting(object);
  return facts;
}

std::vector<std::string> owner_uids_of(const Json& owner_references) {
  std::vector<std::string> uids;
  uids.reserve(owner_references.size());
  for (const Json& owner : owner_references.as_array()) uids.push_back(owner["uid"].as_string());
  return uids;
}

Json read_document(const store::Document& document) {
  Result<Json> object = parse_json(document.bytes, own_text_limits(document.bytes));
  CHECK(object.has_value(), "stored bytes are JSON");
  return std::move(*object);
}

bool is_deleting(const Json& object) {
  return !object["metadata"]["deletionTimestamp"].as_string().empty();
}

bool is_held(const api::ResourceInfo& info, const Json& object) {
  return !object["metadata"]["finalizers"].empty() ||
         (is_namespace(info) && !object["spec"]["finalizers"].empty());
}

bool has_finalizer(const Json& object, std::string_view finalizer) {
  const JsonArray& finalizers = object["metadata"]["finalizers"].as_array();
  return std::find(finalizers.begin(), finalizers.end(), Json(finalizer)) != finalizers.end();
}

void remove_finalizer(Json& object, std::string_view finalizer) {
  if (!has_finalizer(object, finalizer)) return;
  Json& metadata = object.member("metadata");
  Json& finalizers = metadata.member("finalizers");
  std::erase(finalizers.array_ref(), Json(finalizer));
  if (finalizers.empty()) metadata.erase("finalizers");
}

void add_finalizer(Json& object, std::string_view finalizer) {
  if (has_finalizer(object, finalizer)) return;
  object.member("metadata").member("finalizers").push_back(Json(finalizer));
}

}  // namespace clickdeploy::apiserver
