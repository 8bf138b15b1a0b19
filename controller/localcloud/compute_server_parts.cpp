// Nova's actions, metadata and tags of one server.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kTagsMax = 50;

Reaction accepted(Outcome<void> done) {
  if (!done) return std::unexpected(std::move(done).error());
  return answer(202);
}

Reaction reboot(Cloud& cloud, Server& server, const Json& arguments) {
  const std::string type = to_lower(arguments["type"].as_string());
  if (type != "soft" && type != "hard") {
    return invalid_field("type", arguments["type"],
                         "is not one of ['HARD', 'Hard', 'hard', "
                         "'SOFT', 'Soft', 'soft']");
  }
  return accepted(cloud.reboot_server(server, type == "hard"));
}

Reaction console(Cloud& cloud, const Server& server, const Json& arguments) {
  if (server.vm_state == VmState::Building) {
    return refuse(409, fmt::format("Instance {} is not ready", server.id));
  }
  std::string output = cloud.guests().console_output(server.id);
  const std::int64_t lines = arguments["length"].is_string()
                                 ? std::atoll(arguments["length"].as_string().c_str())
                                 : arguments["length"].as_int(-1);
  if (lines >= 0) {
    std::size_t begin = output.size();
    if (begin > 0 && output.back() == '\n') --begin;
    for (std::int64_t i = 0; i < lines && begin != std::string::npos && begin > 0; ++i) {
      begin = output.rfind('\n', begin - 1);
    }
    if (lines == 0) {
      output.clear();
    } else if (begin != std::string::npos && begin > 0) {
      output.erase(0, begin + 1);
    }
  }
  return answer(200, Json::object({{"output", std::move(output)}}));
}

Reaction rebuild(Cloud& cloud, const Call& call, Server& server, const Json& arguments) {
  Rebuild request;
  for (const auto& [key, value] : arguments.as_object()) {
    const bool known = key == "imageRef" || key == "name" || key == "metadata" ||
                       key == "adminPass" || key == "accessIPv4" || key == "accessIPv6" ||
                       key == "preserve_ephemeral" || key == "OS-DCF:diskConfig" ||
                       (key == "description" && call.microversion >= 19) ||
                       (key == "key_name" && call.microversion >= 54) ||
                       (key == "user_data" && call.microversion >= 57);
    if (!known) {
      return invalid_field(
          "rebuild", arguments,
          fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
    }
  }
  if (!arguments["imageRef"].is_string()) {
    return invalid_field("rebuild", arguments, "'imageRef' is a required property");
  }
  request.image_id = arguments["imageRef"].as_string();
  if (arguments.contains("name")) request.name = arguments["name"].as_string();
  if (arguments.contains("user_data")) {
    Outcome<std::string> user_data = read_user_data(arguments["user_data"]);
    if (!user_data) return std::unexpected(std::move(user_data).error());
    request.user_data = std::move(*user_data);
  }
  if (arguments.contains("metadata")) {
    Outcome<std::map<std::string, std::string>> metadata = read_metadata(arguments["metadata"]);
    if (!metadata) return std::unexpected(std::move(metadata).error());
    request.metadata = std::move(*metadata);
  }
  Outcome<void> done = cloud.rebuild_server(server, std::move(request));
  if (!done) return std::unexpected(std::move(done).error());
  Json view = server_view(cloud, call, server, Detail::Full);
  view.set("adminPass", cloud.random().hex(6));
  if (call.microversion >= 57) {
    view.set("user_data", server.user_data.empty() ? Json() : Json(server.user_data));
  }
  return answer(202, Json::object({{"server", std::move(view)}}));
}

Json metadata_view(const Server& server) {
  Json view = Json::object();
  for (const auto& [key, value] : server.metadata) view.set(key, value);
  return view;
}

Json tags_view(const Server& server) {
  return Json::object({{"tags", strings_json({server.tags.begin(), server.tags.end()})}});
}

}  // namespace

Reaction server_action(Cloud& cloud, const Call& call, Server& server) {
  if (call.body.size() != 1 || !call.body.is_object()) {
    return refuse(400, "Malformed request body");
  }
  const auto& [name, arguments] = *call.body.as_object().begin();
  if (name == "reboot") return reboot(cloud, server, arguments);
  if (name == "os-start") return accepted(cloud.start_server(server));
  if (name == "os-stop") return accepted(cloud.stop_server(server));
  if (name == "os-getConsoleOutput") return console(cloud, server, arguments);
  if (name == "rebuild") return rebuild(cloud, call, server, arguments);
  return refuse(400, fmt::format("There is no such action: {}", name));
}

Reaction server_metadata(Cloud& cloud, const Call& call, Server& server) {
  if (matches(call, "GET", {"servers", "*", "metadata"})) {
    return answer(200, Json::object({{"metadata", metadata_view(server)}}));
  }
  if (matches(call, "POST", {"servers", "*", "metadata"}) ||
      matches(call, "PUT", {"servers", "*", "metadata"})) {
    Outcome<std::map<std::string, std::string>> items = read_metadata(call.body["metadata"]);
    if (!items) return std::unexpected(std::move(items).error());
    cloud.mutable_state();
    if (call.method == "PUT") server.metadata.clear();
    for (auto& [key, value] : *items) server.metadata[key] = std::move(value);
    return answer(200, Json::object({{"metadata", metadata_view(server)}}));
  }
  if (call.path.size() != 4) return refuse(404, "The resource could not be found.");
  const std::string& key = call.path[3];
  if (call.method == "PUT") {
    Outcome<std::map<std::string, std::string>> items = read_metadata(call.body["meta"]);
    if (!items) return std::unexpected(std::move(items).error());
    if (!items->contains(key)) return refuse(400, "Request body and URI mismatch");
    cloud.mutable_state();
    server.metadata[key] = items->at(key);
    return answer(200, Json::object({{"meta", Json::object({{key, items->at(key)}})}}));
  }
  auto found = server.metadata.find(key);
  if (found == server.metadata.end()) return refuse(404, "Metadata item was not found");
  if (call.method == "GET") {
    return answer(200, Json::object({{"meta", Json::object({{key, found->second}})}}));
  }
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  cloud.mutable_state();
  server.metadata.erase(found);
  return answer(204);
}

Reaction server_tags(Cloud& cloud, const Call& call, Server& server) {
  if (matches(call, "GET", {"servers", "*", "tags"})) return answer(200, tags_view(server));
  if (matches(call, "PUT", {"servers", "*", "tags"})) {
    Outcome<std::set<std::string>> tags = read_tags(call.body["tags"]);
    if (!tags) return std::unexpected(std::move(tags).error());
    cloud.mutable_state();
    server.tags = std::move(*tags);
    return answer(200, tags_view(server));
  }
  if (matches(call, "DELETE", {"servers", "*", "tags"})) {
    cloud.mutable_state();
    server.tags.clear();
    return answer(204);
  }
  if (call.path.size() != 4) return refuse(404, "The resource could not be found.");
  const std::string& tag = call.path[3];
  if (call.method == "PUT") {
    Outcome<std::set<std::string>> checked = read_tags(Json::array({tag}));
    if (!checked) return std::unexpected(std::move(checked).error());
    if (server.tags.contains(tag)) return answer(204);
    if (server.tags.size() >= kTagsMax) {
      return refuse(400, "The number of tags exceeded the per-server limit 50");
    }
    cloud.mutable_state();
    server.tags.insert(tag);
    Answer made = answer(201);
    made.headers.push_back(
        {"Location", fmt::format("{}/compute/v2.1/servers/{}/tags/{}", call.base_url, server.id,
                                 escape_path_segment(tag))});
    return made;
  }
  if (!server.tags.contains(tag)) {
    return refuse(404, fmt::format("Server {} has no tag '{}'", server.id, tag));
  }
  if (call.method == "GET") return answer(204);
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  cloud.mutable_state();
  server.tags.erase(tag);
  return answer(204);
}

}  // namespace clickdeploy::localcloud
