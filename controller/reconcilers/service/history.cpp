#include "controller/reconcilers/service/history.h"

#include "api/v1alpha1/codec.h"
#include "controller/base/text.h"

#include <algorithm>
#include <charconv>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Service;

namespace {

constexpr const char* kDataKey = "spec.json";

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<TemplateRecord> read_record(const Json& config_map, const Service& service) {
  const Json& metadata = config_map["metadata"];
  const bool ours = std::ranges::any_of(
      metadata["ownerReferences"].as_array(),
      [&](const Json& owner) { return owner["uid"].as_string() == service.metadata.uid; });
  const std::string& hash = metadata["labels"][kTemplateLabel].as_string();
  if (!ours || hash.empty()) return std::nullopt;
  const std::string& text = config_map["data"][kDataKey].as_string();
  Result<Json> spec = parse_json(text);
  if (!spec) return std::nullopt;
  return TemplateRecord{.name = metadata["name"].as_string(),
                        .uid = metadata["uid"].as_string(),
                        .hash = hash,
                        .number = number_of(metadata["annotations"][kNumberAnnotation].as_string()),
                        .spec = *std::move(spec)};
}

Json make_record(const Service& service, const std::string& hash, std::int64_t number) {
  const Json spec = api::encode(service)["spec"];
  const Json kept = Json::object({{"cloudRef", spec["cloudRef"]}, {"template", spec["template"]}});
  Json annotations = Json::object({{std::string(kNumberAnnotation), std::to_string(number)}});
  const auto cause = service.metadata.annotations.find(std::string(kChangeCauseAnnotation));
  if (cause != service.metadata.annotations.end()) {
    annotations.set(kChangeCauseAnnotation, cause->second);
  }
  Json owner = Json::object({{"apiVersion", Service::kGvk.api_version()},
                             {"kind", std::string(Service::kGvk.kind)},
                             {"name", service.metadata.name},
                             {"uid", service.metadata.uid},
                             {"controller", true},
                             {"blockOwnerDeletion", false}});
  Json labels = Json::object({{std::string(api::v1alpha1::kServiceLabel), service.metadata.name},
                              {std::string(kTemplateLabel), hash}});
  Json owners = Json::array();
  owners.push_back(std::move(owner));
  return Json::object(
      {{"apiVersion", "v1"},
       {"kind", "ConfigMap"},
       {"metadata", Json::object({{"name", service.metadata.name + ".template-" + hash},
                                  {"namespace", service.metadata.namespace_name},
                                  {"labels", std::move(labels)},
                                  {"annotations", std::move(annotations)},
                                  {"ownerReferences", std::move(owners)}})},
       {"immutable", true},
       {"data", Json::object({{kDataKey, to_json(kept)}})}});
}

HistoryPlan plan_history(const Service& service, const std::string& hash,
                         std::vector<TemplateRecord> records) {
  std::ranges::sort(records, {}, &TemplateRecord::number);
  HistoryPlan plan;
  const auto mine = std::ranges::find(records, hash, &TemplateRecord::hash);
  const std::int64_t newest = records.empty() ? 0 : records.back().number;
  if (mine != records.end() && mine->number == newest) {
    plan.number = newest;
  } else {
    plan.number = newest + 1;
    plan.create = mine == records.end();
    if (!plan.create) plan.renumber = *mine;
  }
  const std::string& completed = service.status.rollout.completed;
  std::erase_if(records, [&](const TemplateRecord& each) { return each.hash == hash; });
  const auto limit = static_cast<std::size_t>(service.spec.rollout.revision_history_limit);
  std::size_t surplus = records.size() > limit ? records.size() - limit : 0;
  for (TemplateRecord& oldest : records) {
    if (surplus == 0) break;
    if (oldest.hash == completed) continue;  // the way back
    plan.remove.push_back(std::move(oldest));
    --surplus;
  }
  return plan;
}

std::optional<Service> with_template(const Service& service, const TemplateRecord& record) {
  Json object = api::encode(service);
  object.member("spec").set("template", record.spec["template"]);
  object.member("spec").set("cloudRef", record.spec["cloudRef"]);
  Result<Service> made = api::decode<Service>(object);
  if (!made) return std::nullopt;
  return *std::move(made);
}

}  // namespace clickdeploy::reconcilers
