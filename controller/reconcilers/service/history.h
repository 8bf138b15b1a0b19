// The templates that a Service had, for a rollback: one ConfigMap each, owned by the Service, which
// never changes but for its number. Their numbers rise in the order in which they were last asked
// for. Pure.

#pragma once

#include "api/v1alpha1/service.h"
#include "controller/base/json.h"

#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// On a record.
inline constexpr std::string_view kTemplateLabel = "clickdeploy.io/template";
inline constexpr std::string_view kNumberAnnotation = "clickdeploy.io/revision-number";
inline constexpr std::string_view kChangeCauseAnnotation = "kubernetes.io/change-cause";

struct TemplateRecord {
  std::string name;  // of the ConfigMap
  std::string uid;
  std::string hash;
  std::int64_t number = 0;
  Json spec;  // cloudRef and template, as in the Service's spec

  bool operator==(const TemplateRecord&) const = default;
};

// Nullopt if the ConfigMap is no record of this Service's.
std::optional<TemplateRecord> read_record(const Json& config_map,
                                          const api::v1alpha1::Service& service);
Json make_record(const api::v1alpha1::Service& service, const std::string& hash,
                 std::int64_t number);

struct HistoryPlan {
  std::int64_t number = 0;  // of the template that the Service has now
  bool create = false;      // it has no record yet
  std::optional<TemplateRecord> renumber;
  std::vector<TemplateRecord> remove;  // more than spec.rollout.revisionHistoryLimit

  bool operator==(const HistoryPlan&) const = default;
};
HistoryPlan plan_history(const api::v1alpha1::Service& service, const std::string& hash,
                         std::vector<TemplateRecord> records);

// The Service with the template of the record in place of its own; nullopt if that is not readable.
std::optional<api::v1alpha1::Service> with_template(const api::v1alpha1::Service& service,
                                                    const TemplateRecord& record);

}  // namespace clickdeploy::reconcilers
