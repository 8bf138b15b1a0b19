// Nova's volume attachments of one server.

#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

namespace clickdeploy::localcloud {
namespace {

bool is_root(const Cloud& cloud, const Server& server, const Volume& volume) {
  return server.image_id.empty() && cloud.volumes_of(server.id).front() == &volume;
}

Json attachment_view(const Call& call, const Volume& volume) {
  Json view = Json::object(
      {{"volumeId", volume.id}, {"serverId", volume.server_id}, {"device", volume.device}});
  if (call.microversion < 89) view.set("id", volume.id);
  if (call.microversion >= 89) {
    view.set("attachment_id", volume.attachment_id);
    view.set("bdm_uuid", volume.attachment_id);
  }
  if (call.microversion >= 70) view.set("tag", nullptr);
  if (call.microversion >= 79) view.set("delete_on_termination", volume.deleted_with_server);
  return view;
}

Reaction attach(Cloud& cloud, const Call& call, Server& server) {
  const Json& wanted = call.body["volumeAttachment"];
  if (!wanted["volumeId"].is_string()) {
    return invalid_field("volumeAttachment", wanted, "'volumeId' is a required property");
  }
  const std::string& id = wanted["volumeId"].as_string();
  auto found = cloud.mutable_state().volumes.find(id);
  if (found == cloud.state().volumes.end() || found->second.project_id != server.project_id) {
    return refuse(404, fmt::format("Volume {} could not be found.", id));
  }
  Outcome<void> attached = cloud.attach_volume(found->second, server);
  if (!attached) return std::unexpected(std::move(attached).error());
  Json view = attachment_view(call, found->second);
  return answer(200, Json::object({{"volumeAttachment", std::move(view)}}));
}

}  // namespace

Reaction server_volumes(Cloud& cloud, const Call& call, Server& server) {
  if (matches(call, "GET", {"servers", "*", "os-volume_attachments"})) {
    JsonArray items;
    for (const Volume* volume : cloud.volumes_of(server.id)) {
      items.push_back(attachment_view(call, *volume));
    }
    return answer(200, Json::object({{"volumeAttachments", std::move(items)}}));
  }
  if (matches(call, "POST", {"servers", "*", "os-volume_attachments"})) {
    return attach(cloud, call, server);
  }
  if (call.path.size() != 4) return refuse(404, "The resource could not be found.");
  auto found = cloud.mutable_state().volumes.find(call.path[3]);
  if (found == cloud.state().volumes.end() || found->second.server_id != server.id) {
    return refuse(404,
                  fmt::format("Instance {} is not attached to volume {}", server.id, call.path[3]));
  }
  Volume& volume = found->second;
  if (call.method == "GET") {
    return answer(200, Json::object({{"volumeAttachment", attachment_view(call, volume)}}));
  }
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  if (is_root(cloud, server, volume)) return refuse(400, "Cannot detach a root device volume");
  Outcome<void> done = cloud.detach_volume(volume);
  if (!done) return std::unexpected(std::move(done).error());
  return answer(202);
}

}  // namespace clickdeploy::localcloud
