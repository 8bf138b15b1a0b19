// /localcloud/v1: what a test or a person sees and switches, beyond OpenStack's APIs.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

namespace clickdeploy::localcloud {
namespace {

Json pids_view(const std::vector<RunningGuest>& running, const std::string& id) {
  JsonArray pids;
  for (const RunningGuest& guest : running) {
    if (guest.id != id) continue;
    for (pid_t pid : guest.pids) pids.emplace_back(std::int64_t{pid});
  }
  return pids;
}

Json state_view(Cloud& cloud) {
  const std::vector<RunningGuest> running = cloud.guests().running();
  JsonArray servers;
  for (const auto& [id, server] : cloud.state().servers) {
    if (server.vm_state == VmState::Deleted) continue;
    JsonArray addresses;
    for (const Port* port : cloud.ports_of(id)) {
      for (const FixedIp& ip : port->fixed_ips) addresses.emplace_back(ip.address);
    }
    Json metadata = Json::object();
    for (const auto& [key, value] : server.metadata) metadata.set(key, value);
    servers.push_back(Json::object(
        {{"id", id},
         {"name", server.name},
         {"status", status_of(server)},
         {"addresses", std::move(addresses)},
         {"metadata", std::move(metadata)},
         {"launched", server.launched ? Json(format_micro_time(*server.launched)) : Json()},
         {"pids", pids_view(running, id)}}));
  }
  const std::size_t count = servers.size();
  const Project& project = cloud.state().projects.front();
  return Json::object(
      {{"servers", std::move(servers)},
       {"counts",
        Json::object({{"servers", static_cast<std::int64_t>(count)},
                      {"ports", static_cast<std::int64_t>(cloud.state().ports.size())},
                      {"volumes", static_cast<std::int64_t>(cloud.state().volumes.size())},
                      {"calls", static_cast<std::int64_t>(cloud.faults().calls_total)}})},
       {"project", Json::object({{"id", project.id}, {"name", project.name}})}});
}

Json calls_view(const Cloud& cloud, const Call& call, const Faults& faults) {
  const std::string method = call.parameter("method");
  const std::string prefix = call.parameter("path_prefix");
  JsonArray items;
  for (const CallRecord& record : faults.calls) {
    if (!method.empty() && record.method != method) continue;
    if (!record.url.starts_with(prefix)) continue;
    items.push_back(Json::object({{"time", format_micro_time(record.time)},
                                  {"method", record.method},
                                  {"url", record.url},
                                  {"status", record.status},
                                  {"request_id", record.request_id},
                                  {"faulted", record.faulted},
                                  {"user_agent", record.user_agent},
                                  {"bytes", static_cast<std::int64_t>(record.bytes)}}));
  }
  return Json::object({{"calls", std::move(items)},
                       {"total", static_cast<std::int64_t>(faults.calls_total)},
                       {"time", format_micro_time(cloud.now())}});
}

Json faults_view(const Faults& faults) {
  JsonArray requests;
  for (const RequestFault& fault : faults.requests) {
    requests.push_back(Json::object({{"method", fault.method},
                                     {"path_prefix", fault.path_prefix},
                                     {"status", fault.status},
                                     {"count", fault.count},
                                     {"skip", fault.skip},
                                     {"after_effect", fault.after_effect}}));
  }
  return Json::object({{"requests", std::move(requests)},
                       {"latency_ms", static_cast<std::int64_t>(faults.latency.count())},
                       {"spawn_delay_ms", static_cast<std::int64_t>(faults.spawn_delay.count())},
                       {"spawn_failures", faults.spawn_failures},
                       {"no_valid_host", faults.no_valid_host},
                       {"no_router", faults.no_router},
                       {"quota_races", faults.quota_races},
                       {"no_block_storage", faults.no_block_storage},
                       {"volume_failures", faults.volume_failures},
                       {"volume_removal_failures", faults.volume_removal_failures},
                       {"detach_delay_ms", static_cast<std::int64_t>(faults.detach_delay.count())},
                       {"volumes_hang", faults.volumes_hang},
                       {"build_hangs", faults.build_hangs},
                       {"deletes_hang", faults.deletes_hang}});
}

std::chrono::milliseconds read_ms(const Json& json) {
  return std::chrono::milliseconds(json.as_int());
}

Outcome<RequestFault> read_request_fault(const Json& json) {
  RequestFault fault;
  for (const auto& [key, value] : json.as_object()) {
    if (key == "method") {
      fault.method = value.as_string();
    } else if (key == "path_prefix") {
      fault.path_prefix = value.as_string();
    } else if (key == "status") {
      fault.status = static_cast<int>(value.as_int(500));
    } else if (key == "count") {
      fault.count = value.as_int(1);
    } else if (key == "skip") {
      fault.skip = value.as_int();
    } else if (key == "after_effect") {
      fault.after_effect = value.as_bool();
    } else if (key == "retry_after") {
      fault.retry_after_seconds = value.as_int();
    } else {
      return refuse(400, fmt::format("unknown field fail_next.{}", key));
    }
  }
  return fault;
}

Reaction set_faults(Faults& faults, const Json& body) {
  std::vector<RequestFault> added;
  for (const auto& [key, value] : body.as_object()) {
    if (key == "fail_next") {
      Outcome<RequestFault> fault = read_request_fault(value);
      if (!fault) return std::unexpected(std::move(fault).error());
      added.push_back(std::move(*fault));
    } else if (key == "latency_ms") {
      faults.latency = read_ms(value);
    } else if (key == "spawn_delay_ms") {
      faults.spawn_delay = read_ms(value);
    } else if (key == "spawn_failures") {
      faults.spawn_failures = value.as_int();
    } else if (key == "no_valid_host") {
      faults.no_valid_host = value.as_int();
    } else if (key == "no_router") {
      faults.no_router = value.as_bool();
    } else if (key == "quota_races") {
      faults.quota_races = value.as_int();
    } else if (key == "no_block_storage") {
      faults.no_block_storage = value.as_bool();
    } else if (key == "volume_failures") {
      faults.volume_failures = value.as_int();
    } else if (key == "volume_removal_failures") {
      faults.volume_removal_failures = value.as_int();
    } else if (key == "detach_delay_ms") {
      faults.detach_delay = read_ms(value);
    } else if (key == "volumes_hang") {
      faults.volumes_hang = value.as_bool();
    } else if (key == "build_hangs") {
      faults.build_hangs = value.as_bool();
    } else if (key == "deletes_hang") {
      faults.deletes_hang = value.as_bool();
    } else {
      return refuse(400, fmt::format("unknown field {}", key));
    }
  }
  faults.requests.insert(faults.requests.end(), added.begin(), added.end());
  return answer(200, faults_view(faults));
}

void clear_faults(Faults& faults) {
  faults.requests.clear();
  faults.latency = faults.spawn_delay = faults.detach_delay = std::chrono::milliseconds(0);
  faults.volume_failures = faults.volume_removal_failures = 0;
  faults.spawn_failures = faults.no_valid_host = faults.quota_races = 0;
  faults.no_router = faults.build_hangs = faults.deletes_hang = faults.volumes_hang = false;
  faults.no_block_storage = false;
}

Reaction add_image(Cloud& cloud, const Json& body) {
  std::map<std::string, std::string> properties;
  for (const auto& [key, value] : body["properties"].as_object()) {
    properties.emplace(key, value.as_string());
  }
  const std::string id = cloud.add_image(body["name"].as_string(), std::move(properties));
  return answer(201, Json::object({{"id", id}}));
}

}  // namespace

Reaction switches_call(Cloud& cloud, const Call& call) {
  if (matches(call, "GET", {"state"})) return answer(200, state_view(cloud));
  if (matches(call, "GET", {"calls"})) {
    return answer(200, calls_view(cloud, call, cloud.faults()));
  }
  if (matches(call, "DELETE", {"calls"})) {
    cloud.faults().calls.clear();
    cloud.faults().calls_total = 0;
    return answer(204);
  }
  if (matches(call, "GET", {"faults"})) return answer(200, faults_view(cloud.faults()));
  if (matches(call, "POST", {"faults"})) return set_faults(cloud.faults(), call.body);
  if (matches(call, "DELETE", {"faults"})) {
    clear_faults(cloud.faults());
    return answer(204);
  }
  if (matches(call, "POST", {"images"})) return add_image(cloud, call.body);
  if (matches(call, "DELETE", {"tokens"})) {
    cloud.expire_all_tokens();
    return answer(204);
  }
  return refuse(404, "unknown switch; there are state, calls, faults, images, tokens");
}

}  // namespace clickdeploy::localcloud
