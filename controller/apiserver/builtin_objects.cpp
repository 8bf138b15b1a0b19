#include "controller/apiserver/builtin_objects_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/base/text.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr store::Revision kRevision = 1;
constexpr int kOwnPriority = 1000;
constexpr int kKubernetesPriority = 17'000;

// A UUID that is the same at each start: clients take a new one for a new object.
std::string uid_of(std::string_view name) {
  const std::string hash = sha256_hex(name);
  return hash.substr(0, 8) + "-" + hash.substr(8, 4) + "-5" + hash.substr(13, 3) + "-8" +
         hash.substr(17, 3) + "-" + hash.substr(20, 12);
}

Json condition(std::string_view type, std::string_view reason, std::string_view message,
               const std::string& since) {
  return Json::object({{"type", type},
                       {"status", "True"},
                       {"reason", reason},
                       {"message", message},
                       {"lastTransitionTime", since}});
}

Json definition_of(const api::ResourceInfo& info, const std::string& since) {
  Json object = info.definition;
  Json conditions =
      Json::array({condition("NamesAccepted", "NoConflicts", "no conflicts found", since),
                   condition("Established", "InitialNamesAccepted",
                             "the initial names have been accepted", since)});
  object.member("spec").set("conversion", Json::object({{"strategy", "None"}}));
  object.set("status", Json::object({{"acceptedNames", object["spec"]["names"]},
                                     {"conditions", std::move(conditions)},
                                     {"storedVersions", Json::array({info.version})}}));
  return object;
}

Json api_service_of(const std::string& group, const std::string& version,
                    const std::string& since) {
  const std::string name = version + "." + group;
  Json spec =
      Json::object({{"version", version},
                    {"groupPriorityMinimum",
                     group.ends_with("clickdeploy.io") ? kOwnPriority : kKubernetesPriority},
                    {"versionPriority", 100}});
  if (!group.empty()) spec.set("group", group);
  Json available = condition("Available", "Local", "Local APIServices are always available", since);
  return Json::object(
      {{"apiVersion", "apiregistration.k8s.io/v1"},
       {"kind", "APIService"},
       {"metadata", Json::object({{"name", name}})},
       {"spec", std::move(spec)},
       {"status", Json::object({{"conditions", Json::array({std::move(available)})}})}});
}

store::DocumentPtr finish(const api::ResourceInfo& info, Json object, const std::string& since) {
  Json& metadata = object.member("metadata");
  const std::string name = metadata["name"].as_string();
  metadata.set("uid", uid_of(info.plural + "/" + name));
  metadata.set("creationTimestamp", since);
  metadata.set("generation", 1);
  metadata.set("resourceVersion", std::to_string(kRevision));
  auto document = std::make_shared<store::Document>();
  document->key = {info.group_resource(), "", name};
  document->revision = kRevision;
  document->facts = read_object_facts(object);
  document->bytes = to_json(object);
  return document;
}

std::vector<store::DocumentPtr> make_objects(const api::Scheme& scheme,
                                             const api::ResourceInfo& info,
                                             const std::string& since) {
  std::vector<store::DocumentPtr> documents;
  if (info.kind == "APIService") {
    for (const auto& [group, version] : scheme.group_versions()) {
      documents.push_back(finish(info, api_service_of(group, version, since), since));
    }
  } else {
    for (const api::ResourceInfo& kind : scheme.resources()) {
      if (!kind.custom) continue;
      documents.push_back(finish(info, definition_of(kind, since), since));
    }
  }
  std::sort(documents.begin(), documents.end(),
            [](const auto& a, const auto& b) { return a->key.name < b->key.name; });
  return documents;
}

// They are as old as the store, of which the namespace "default" was the beginning.
WallTime beginning(const Core& core) {
  const store::DocumentPtr first = core.store.get({"namespaces", "", "default"});
  std::optional<WallTime> time;
  if (first != nullptr) {
    time = parse_time(read_document(*first)["metadata"]["creationTimestamp"].as_string());
  }
  return time.value_or(core.clock.wall_now());
}

const std::vector<store::DocumentPtr>& builtins(const Core& core, const Target& target) {
  return core.builtins->of(*target.info, beginning(core));
}

std::optional<std::string> scope_of(const Target& target) {
  if (target.namespace_name.empty()) return std::nullopt;
  return target.namespace_name;
}

}  // namespace

const std::vector<store::DocumentPtr>& BuiltinObjects::of(const api::ResourceInfo& info,
                                                          WallTime created) const {
  const std::lock_guard lock(mutex_);
  auto found = made_.find(info.group_resource());
  if (found == made_.end()) {
    found = made_.emplace(info.group_resource(), make_objects(scheme_, info, format_time(created)))
                .first;
  }
  return found->second;
}

store::DocumentPtr find_document(const Core& core, const Target& target) {
  if (!target.info->read_only) return core.store.get(target.key());
  for (const store::DocumentPtr& document : builtins(core, target)) {
    if (document->key.name == target.name) return document;
  }
  return nullptr;
}

store::ListResult list_documents(const Core& core, const Target& target) {
  if (!target.info->read_only) {
    return core.store.list(target.info->group_resource(), scope_of(target));
  }
  store::ListResult list;
  list.revision = core.store.revision();
  list.documents = builtins(core, target);
  return list;
}

Result<store::ListResult> list_documents_at(const Core& core, const Target& target,
                                            store::Revision revision) {
  if (!target.info->read_only) {
    return core.store.list_at(target.info->group_resource(), scope_of(target), revision);
  }
  store::ListResult list = list_documents(core, target);
  list.revision = revision;
  return list;
}

}  // namespace clickdeploy::apiserver
