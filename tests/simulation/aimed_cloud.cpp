// Aimed at what stands between the controllers and the cloud: answers that come too late, lists in
// small pages, caches that lag behind.

#include "tests/simulation/aimed_runs.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

namespace {

constexpr std::string_view kServersPath = "/compute/v2.1/servers";

bool is_create(const http::Request& request) {
  return request.method == "POST" && request.url.ends_with(kServersPath);
}

bool is_list(const http::Request& request) {
  return request.method == "GET" && request.url.contains("/servers/detail");
}

Task<http::Reply> in_small_pages(SimWorld& world, http::Request request) {
  if (is_list(request)) {
    const std::size_t at = request.url.find("limit=");
    if (at != std::string::npos) {
      const std::size_t end = std::min(request.url.find('&', at), request.url.size());
      request.url.erase(at, end - at);
    }
    const char last = request.url.back();
    if (last != '&' && last != '?') request.url += request.url.contains('?') ? '&' : '?';
    request.url += "limit=1";
  }
  http::Reply reply = co_await world.checker.handle(std::move(request));
  co_return reply;
}

void small_pages(SimWorld& world) {
  world.network.route(kCloudOrigin, [&world](http::Request request) {
    return in_small_pages(world, std::move(request));
  });
  has_fleet(world, 3);
}

// Lists lack younger servers, whose ports are not bound yet; a look by id shows them.
Task<http::Reply> without_younger(SimWorld& world, std::chrono::seconds age,
                                  http::Request request) {
  const bool servers = is_list(request);
  const bool ports = request.method == "GET" && request.url.contains("/v2.0/ports?");
  http::Reply reply = co_await world.checker.handle(std::move(request));
  if ((!servers && !ports) || reply.response.status != 200) co_return reply;
  const auto is_younger = [&](const std::string& id) {
    const localcloud::Server* found = world.cloud.find_server(id);
    return found != nullptr && world.cloud.now() - found->created < age;
  };
  Json body = parse_json(reply.response.body).value_or(Json());
  JsonArray& items = body.member(servers ? "servers" : "ports").array_ref();
  if (servers) {
    std::erase_if(items, [&](const Json& each) { return is_younger(each["id"].as_string()); });
  }
  for (Json& item : items) {
    if (ports && is_younger(item["device_id"].as_string())) item.set("device_id", "");
  }
  reply.response.body = to_json(body);
  co_return reply;
}

void list_late(SimWorld& world, std::chrono::seconds age) {
  world.network.route(kCloudOrigin, [&world, age](http::Request request) {
    return without_younger(world, age, std::move(request));
  });
}

Task<http::Reply> without_server(SimWorld& world, std::string id, http::Request request) {
  const bool list = is_list(request);
  if (request.method == "GET" && request.url.ends_with("/servers/" + id)) {
    http::Reply reply;
    reply.response.status = 500;
    reply.response.body = R"({"computeFault": {"code": 500, "message": "unexpected"}})";
    co_return reply;
  }
  http::Reply reply = co_await world.checker.handle(std::move(request));
  if (!list || reply.response.status != 200) co_return reply;
  Json body = parse_json(reply.response.body).value_or(Json());
  std::erase_if(body.member("servers").array_ref(),
                [&](const Json& server) { return server["id"].as_string() == id; });
  reply.response.body = to_json(body);
  co_return reply;
}

void goes_whole(SimWorld& world) {
  const auto gone = [&] { return world.objects(kServices).empty(); };
  if (!comes_about(world, "L3", "the Service does not go", gone, 10min)) return;
  world.run_for(2min);
  if (world.checker.our_servers().empty() && world.checker.our_ports().empty()) return;
  world.report.add("S6", "the cloud keeps what a Service had that is gone");
}

// The only create is carried out and never answered, and lists show its server late; all later
// ones are refused. Its Service is deleted before, and the server goes, too.
void unanswered_create(SimWorld& world) {
  list_late(world, 90s);
  bool first = true;
  world.network.faults = [&first](const http::Request& request) -> std::optional<NetworkFault> {
    if (!is_create(request)) return std::nullopt;
    if (std::exchange(first, false)) return NetworkFault{.kind = Kind::TimeOutAfter};
    NetworkFault refused{.kind = Kind::Status, .status = 403};
    refused.body = R"({"forbidden": {"code": 403, "message": "Quota exceeded for instances"}})";
    return refused;
  };
  apply_fleet(world, 1);
  const auto sent = [&] { return !first; };
  if (!comes_about(world, "L1", "no server is asked for", sent, 2min)) return;
  world.run_for(60s + 1s * (3 + world.seed() % 20));
  world.remove(kServices, kWeb);
  goes_whole(world);
  world.network.faults = nullptr;
}

// Who asked for a server is killed before it is answered, and its Service is deleted then.
void create_of_one_that_died(SimWorld& world) {
  list_late(world, 45s);
  bool sent = false;
  world.network.faults = [&sent](const http::Request& request) {
    std::optional<NetworkFault> fault;
    if (is_create(request) && !std::exchange(sent, true)) {
      fault = NetworkFault{.kind = Kind::TimeOutAfter};
    }
    return fault;
  };
  apply_fleet(world, 1);
  const auto asked = [&] { return sent; };
  if (!comes_about(world, "L1", "no server is asked for", asked, 2min)) return;
  world.run_for(500ms * (1 + world.seed() % 10));
  world.network.faults = nullptr;
  world.crash();
  world.boot();
  world.remove(kServices, kWeb);
  goes_whole(world);
}

// A server that lists do not show for long is deleted with its Service all the same, also where
// somebody has deleted its port, which would lead to it.
void unlisted_server(SimWorld& world) {
  list_late(world, 4min);
  apply_fleet(world, 1);
  const auto made = [&] { return !world.checker.our_servers().empty(); };
  if (!comes_about(world, "L1", "no server is made", made, 2min)) return;
  world.run_for(65s + 5s * (world.seed() % 12));
  if (world.seed() % 2 == 0) {
    const std::string port = world.checker.our_ports().front()->id;
    if (!world.cloud.delete_port(port)) world.report.add("run", "the port cannot be deleted");
  }
  world.remove(kServices, kWeb);
  const auto gone = [&] { return world.objects(kServices).empty(); };
  if (!comes_about(world, "L3", "the Service does not go", gone, 10min)) return;
  if (!made()) return;
  world.report.add("S6", "the cloud keeps a server whose Service is gone");
}

// Of one of two servers nothing is heard: lists lack it, and a look by id fails. It is there all
// the same: it is neither replaced nor, when its Service is deleted, forgotten.
void server_unheard_of(SimWorld& world) {
  if (!has_fleet(world, 2)) return;
  const std::string hidden = our_server_ids(world)[world.seed() % 2];
  world.network.route(kCloudOrigin, [&world, hidden](http::Request request) {
    return without_server(world, hidden, std::move(request));
  });
  const std::size_t before = world.checker.mutations().size();
  world.run_for(4min);
  if (world.checker.mutations().size() > before) {
    world.report.add("S3", "something is done about a server of which nothing is known: " +
                               world.checker.mutations().back().path);
  }
  world.remove(kServices, kWeb);
  world.run_for(2min);
  world.network.route(kCloudOrigin, [&world](http::Request request) {
    return world.checker.handle(std::move(request));
  });
  const auto gone = [&] { return world.objects(kServices).empty(); };
  if (!comes_about(world, "L3", "the Service does not go", gone, 10min)) return;
  if (world.checker.our_servers().empty()) return;
  world.report.add("S6", "the cloud keeps a server whose Service is gone");
}

void take_address(SimWorld& world, const localcloud::Port& like) {
  localcloud::NewPort request;
  request.network_id = like.network_id;
  request.name = "of-somebody";
  if (!world.cloud.create_port(like.project_id, std::move(request))) {
    world.report.add("run", "somebody cannot make a port");
  }
}

// Somebody deletes the only server, and takes its address. The new one is listed late.
void address_taken(SimWorld& world) {
  list_late(world, 2min);
  if (!has_fleet(world, 1)) return;
  world.run_for(1s * (world.seed() % 10));
  const localcloud::Port like = *world.checker.our_ports().front();
  const std::size_t made = world.checker.count("POST", std::string(kServersPath));
  for (const std::string& id : our_server_ids(world)) {
    localcloud::Server* server = world.cloud.find_server(id);
    if (server == nullptr || !world.cloud.delete_server(*server)) {
      return world.report.add("run", "somebody cannot delete the server");
    }
  }
  const auto bare = [&] {
    return world.checker.our_servers().empty() && world.checker.our_ports().empty();
  };
  if (!comes_about(world, "L1", "the ports of a lost server stay", bare, 10min)) return;
  take_address(world, like);
  world.run_for(5min);
  const std::size_t more = world.checker.count("POST", std::string(kServersPath)) - made;
  if (more > 1) {
    world.report.add("S22", "one server was lost, and " + std::to_string(more) + " were made");
  }
  const auto repaired = [&] { return is_converged(world, 1); };
  comes_about(world, "L1", "a lost server is not replaced", repaired, 10min);
}

// The Cloud no longer allows the namespace: what it has stays, and it gets nothing more.
void access_revoked(SimWorld& world) {
  if (!has_fleet(world, 1)) return;
  const Json labels = Json::object({{"matchLabels", Json::object({{"team", "other"}})}});
  world.patch(kClouds, kCloud, spec_of("allowedNamespaces", labels));
  world.run_for(1s * (5 + world.seed() % 5));
  const std::size_t before = world.checker.mutations().size();
  world.patch(kServices, kWeb, spec_of("replicas", 2));
  world.run_for(1min);
  if (world.checker.mutations().size() > before) {
    world.report.add("S21", "a namespace that the Cloud does not allow changes it: " +
                                world.checker.mutations().back().path);
  }
}

bool is_of_instances(const std::string& url) {
  return url.contains("/instances");
}

// Watches look for faults only if there may be some when they begin.
void watch_anew(SimWorld& world,
                std::function<std::optional<EventFault>(const std::string&)> fault) {
  world.views.on_event = std::move(fault);
  world.crash();
  world.boot();
}

// What the controllers see of Instances lags behind while three are made.
void lagging_instances(SimWorld& world) {
  int late = 0;
  watch_anew(world, [&late](const std::string& url) -> std::optional<EventFault> {
    if (!is_of_instances(url) || late-- <= 0) return std::nullopt;
    return EventFault{.kind = EventFault::Kind::Late, .delay = 6s};
  });
  world.apply(platform_manifests());
  world.run_for(20s);
  late = 4;
  world.apply(service_manifest(3));
  const auto converged = [&] { return is_converged(world, 3); };
  comes_about(world, "L1", "the fleet does not come up", converged, 6min);
  world.crash();
  world.views.on_event = nullptr;
}

bool is_in_repair(const Json& instance) {
  return !instance["status"]["remediation"]["step"].as_string().empty();
}

// Three of four agents die at once, and one repair may run at a time. That the
// first has begun is seen late.
void many_fail_at_once(SimWorld& world) {
  bool late = false;
  watch_anew(world, [&](const std::string& url) -> std::optional<EventFault> {
    const bool begun = std::ranges::any_of(world.objects(kInstances), is_in_repair);
    if (late || !begun || !is_of_instances(url)) return std::nullopt;
    late = true;
    return EventFault{.kind = EventFault::Kind::Late, .delay = 15s};
  });
  if (!has_fleet(world, 4)) return;
  const std::vector<std::string> ids = our_server_ids(world);
  for (std::size_t i = 0; i < 3; ++i) {
    if (SimAgent* agent = world.guests.find_agent_of(ids[i])) agent->state = AgentState::Killed;
  }
  if (comes_about(world, "L1", "nobody sees that agents are dead", [&] { return late; }, 5min)) {
    const auto repaired = [&] { return is_converged(world, 4); };
    world.run_for(1min);
    comes_about(world, "L1", "dead agents are not repaired", repaired, 40min);
  }
  world.crash();
  world.views.on_event = nullptr;
}

// Watchers that were away for a moment find that the log no longer has what they missed, and list
// again.
void short_log(SimWorld& world) {
  world.log_events_max = 6;  // more than one commit writes, so that the checks themselves keep up
  world.crash();
  world.boot();
  if (!has_fleet(world, 3)) return;
  world.patch(kServices, kWeb, spec_of("replicas", 1));
  const auto converged = [&] { return is_converged(world, 1); };
  comes_about(world, "L1", "the fleet does not shrink", converged, 5min);
}

// The server is lost, and its volumes are let go late: the data volume serves the next server, and
// with the Service all go, before their Instance does.
void volumes_come_and_go(SimWorld& world) {
  std::string service = service_manifest(1);
  const std::string before = "      flavors:";
  service.insert(service.find(before),
                 "      rootVolume: {sizeGiB: 10}\n"
                 "      volumes: [{name: data, sizeGiB: 20}]\n");
  apply_fleet(world, 0);
  const Json protection = Json::object({{"missingFleetThreshold", "100%"}});
  world.patch(kClouds, kCloud, spec_of("protection", protection));
  world.apply(service);
  const auto up = [&] { return is_converged(world, 1); };
  if (!comes_about(world, "L1", "no server with volumes is made", up, 10min)) return;
  world.cloud.faults().detach_delay = 10s + 1s * (world.seed() % 20);
  const std::string lost = our_server_ids(world).front();
  if (!world.cloud.delete_server(*world.cloud.find_server(lost))) {
    return world.report.add("run", "somebody cannot delete the server");
  }
  const auto another = [&] { return up() && our_server_ids(world).front() != lost; };
  if (!comes_about(world, "L1", "the server is not replaced", another, 30min)) return;
  world.remove(kServices, kWeb);
  const auto gone = [&] { return world.objects(kServices).empty(); };
  if (!comes_about(world, "L3", "the Service does not go", gone, 10min)) return;
  world.run_for(2min);
  if (!world.cloud.state().volumes.empty()) {
    world.report.add("S6", "the cloud keeps volumes of a Service that is gone");
  }
}

}  // namespace

std::vector<AimedRun> aimed_at_cloud() {
  return {
      {"small-pages", "lists come one server at a time", small_pages},
      {"unanswered-create", "a create is not answered, and its Service deleted", unanswered_create},
      {"died-while-asking", "who asked for a server dies, and its Service is deleted",
       create_of_one_that_died},
      {"unlisted-server", "a server that lists do not show is deleted", unlisted_server},
      {"server-unheard-of", "lists lack a server, and a look by id fails", server_unheard_of},
      {"address-taken", "a server is lost, and its address is somebody else's", address_taken},
      {"access-revoked", "the Cloud no longer allows the namespace", access_revoked},
      {"lagging-instances", "Instances are seen late while they are made", lagging_instances},
      {"many-fail-at-once", "three of four agents die", many_fail_at_once},
      {"volumes", "a server with volumes is lost, and its Service deleted", volumes_come_and_go},
      {"short-log", "the log of changes is short", short_log},
  };
}

}  // namespace clickdeploy::simulation
