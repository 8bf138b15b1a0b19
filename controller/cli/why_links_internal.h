// The pieces that the chains are made of.

#pragma once

#include "controller/cli/why_chain.h"

namespace clickdeploy::cli {

// What a condition says. `generation` is the object's: a condition of an older one is Unknown.
Link link_of(std::string name, const api::Conditions& conditions, std::string_view type,
             std::int64_t generation, std::string next);

Link broken_link(std::string name, std::string reason, std::string evidence, std::string next);
Link unknown_link(std::string name, std::string reason, std::string evidence, std::string next);
Link good_link(std::string name, std::string evidence);

Link cloud_link(const api::v1alpha1::NamespacedRef& ref, const std::string& home,
                const std::optional<api::v1alpha1::Cloud>& cloud);
// A condition of the backend that a policy names.
Link backend_link(std::string name, const std::optional<api::v1alpha1::MonitoringPolicy>& policy,
                  const std::optional<api::v1alpha1::MetricsBackend>& backend,
                  std::string_view type);
Link rules_link(const std::optional<api::v1alpha1::MonitoringPolicy>& policy,
                const std::optional<api::v1alpha1::MetricsBackend>& backend);

std::string title_of(std::string_view kind, const api::ObjectMeta& metadata);
// The beginning of each chain: its title, and that the object is being deleted, if it is.
Chain chain_of(std::string_view kind, const api::ObjectMeta& metadata,
               const api::Conditions& conditions);
// "clickctl why instance/web-1 -n shop"
std::string why_command(std::string_view kind, const api::ObjectKey& key);

}  // namespace clickdeploy::cli
