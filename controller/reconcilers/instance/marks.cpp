#include "controller/reconcilers/instance/marks.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using openstack::Server;

std::string claim_tag(const std::string& token) {
  return "clickdeploy-claim-" + token;
}

std::string cluster_tag(const std::string& cluster_id) {
  return "clickdeploy-cluster-" + cluster_id.substr(0, 8);
}

const std::string& identity_of(const api::v1alpha1::Instance& instance) {
  const std::string& earlier = instance.spec.adopt.identity;
  return earlier.empty() ? instance.metadata.uid : earlier;
}

std::map<std::string, std::string> server_marks(const api::v1alpha1::Instance& instance,
                                                const std::string& cluster_id) {
  const api::ObjectMeta& metadata = instance.metadata;
  std::map<std::string, std::string> marks = {
      {std::string(kClusterMetadata), cluster_id},
      {std::string(kServiceMetadata), metadata.namespace_name + "/" + instance.spec.service_name},
      {std::string(kInstanceMetadata), metadata.key().text()},
      {std::string(kUidMetadata), identity_of(instance)},
      {std::string(kClaimMetadata), instance.status.claim.token},
  };
  const auto revision = metadata.labels.find(std::string(api::v1alpha1::kRevisionLabel));
  if (revision != metadata.labels.end()) {
    marks[std::string(kRevisionMetadata)] = revision->second;
  }
  return marks;
}

std::string mark_of(const Server& server, std::string_view name) {
  const auto found = server.metadata.find(std::string(name));
  return found == server.metadata.end() ? "" : found->second;
}

bool is_marked(const Server& server) {
  return std::ranges::any_of(
             server.metadata,
             [](const auto& each) { return each.first.starts_with(kMarkPrefix); }) ||
         std::ranges::any_of(server.tags,
                             [](const auto& tag) { return tag.starts_with("clickdeploy-"); });
}

bool is_leaving(const Server& server) {
  return server.task_state == "deleting" || server.task_state == "soft-deleting" ||
         server.status == "DELETED" || server.status == "SOFT_DELETED";
}

}  // namespace clickdeploy::reconcilers
