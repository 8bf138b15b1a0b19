#include "tests/simulation/sim_checker.h"

#include <algorithm>
#include <map>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kServers = "/compute/v2.1/servers/";
// Servers of somebody else that scenarios let a Service take over are named so.
constexpr std::string_view kAdoptable = "legacy-";
constexpr std::string_view kPorts = "/network/v2.0/ports/";
constexpr std::string_view kFloatingIps = "/network/v2.0/floatingips/";
constexpr std::string_view kVolumes = "/volume/v3/";  // and the project

bool is_mutation(const http::Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return false;
  if (request.url.starts_with("/identity/")) return false;
  return !request.body.contains("os-getConsoleOutput");
}

// The id in "/compute/v2.1/servers/ID/action"; "" if the path is another.
std::string id_in(const std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return "";
  const std::string rest = path.substr(prefix.size());
  return rest.substr(0, rest.find_first_of("/?"));
}

}  // namespace

std::string CloudChecker::metadata_of(const localcloud::Server& server, const std::string& name) {
  const auto found = server.metadata.find(name);
  return found == server.metadata.end() ? "" : found->second;
}

Task<http::Reply> CloudChecker::handle(http::Request request) {
  const bool mutation = is_mutation(request);
  const Mutation begun{clock_.steady_now(), request.method, request.url, request.body, 0};
  if (mutation) {
    check_ownership(request);
    if (before_mutation) before_mutation(request);
  }
  http::Reply reply = co_await inner_(std::move(request));
  if (mutation) {
    mutations_.push_back(begun);
    mutations_.back().status = reply.response.status;
    check_uniqueness();
    if (after_mutation) after_mutation(mutations_.back());
  }
  co_return reply;
}

std::size_t CloudChecker::count(const std::string& method, const std::string& path_prefix) const {
  return static_cast<std::size_t>(std::ranges::count_if(mutations_, [&](const Mutation& each) {
    return each.method == method && each.path.starts_with(path_prefix);
  }));
}

std::vector<const localcloud::Server*> CloudChecker::our_servers() const {
  std::vector<const localcloud::Server*> ours;
  for (const auto& [id, server] : cloud_.state().servers) {
    if (server.vm_state == localcloud::VmState::Deleted) continue;
    if (metadata_of(server, "clickdeploy_cluster") == cluster_id_) ours.push_back(&server);
  }
  return ours;
}

std::vector<const localcloud::Port*> CloudChecker::our_ports() const {
  const std::string mark = "clickdeploy cluster=" + cluster_id_.substr(0, 8) + " ";
  std::vector<const localcloud::Port*> ours;
  for (const auto& [id, port] : cloud_.state().ports) {
    if (port.description.starts_with(mark)) ours.push_back(&port);
  }
  return ours;
}

std::vector<const localcloud::FloatingIp*> CloudChecker::our_floating_ips() const {
  const std::string mark = "clickdeploy cluster=" + cluster_id_.substr(0, 8) + " ";
  std::vector<const localcloud::FloatingIp*> ours;
  for (const auto& [id, ip] : cloud_.state().floating_ips) {
    if (ip.description.starts_with(mark)) ours.push_back(&ip);
  }
  return ours;
}

std::string CloudChecker::metadata_of(const localcloud::Volume& volume, const std::string& name) {
  const auto found = volume.metadata.find(name);
  return found == volume.metadata.end() ? "" : found->second;
}

std::vector<const localcloud::Volume*> CloudChecker::our_volumes() const {
  std::vector<const localcloud::Volume*> ours;
  for (const auto& [id, volume] : cloud_.state().volumes) {
    if (metadata_of(volume, "clickdeploy_cluster") == cluster_id_) ours.push_back(&volume);
  }
  return ours;
}

const localcloud::Volume* CloudChecker::volume_of(const http::Request& request) const {
  const std::size_t project = request.url.find('/', kVolumes.size());
  if (!request.url.starts_with(kVolumes) || project == std::string::npos) return nullptr;
  const auto found = cloud_.state().volumes.find(id_in(request.url.substr(project), "/volumes/"));
  return found == cloud_.state().volumes.end() ? nullptr : &found->second;
}

void CloudChecker::check_ownership(const http::Request& request) const {
  const std::string what = request.method + " " + request.url;
  const std::string mark = "clickdeploy cluster=" + cluster_id_.substr(0, 8) + " ";
  const std::string server_id = id_in(request.url, kServers);
  const auto server = cloud_.state().servers.find(server_id);
  const auto is_ours = [&](const localcloud::Server& each) {
    return metadata_of(each, "clickdeploy_cluster") == cluster_id_ ||
           each.tags.contains("clickdeploy-cluster-" + cluster_id_.substr(0, 8));
  };
  // A server that is let go of loses its claim's tag last.
  const bool last_mark =
      request.method == "DELETE" && request.url.contains("/tags/clickdeploy-claim-");
  if (server != cloud_.state().servers.end() && !is_ours(server->second) && !last_mark &&
      !server->second.name.starts_with(kAdoptable)) {
    report_.add("S2", what + " is on a server that is not ours");
  }
  const auto port = cloud_.state().ports.find(id_in(request.url, kPorts));
  if (port != cloud_.state().ports.end() && !port->second.description.starts_with(mark)) {
    report_.add("S2", what + " is on a port that is not ours");
  }
  const auto ip = cloud_.state().floating_ips.find(id_in(request.url, kFloatingIps));
  if (ip != cloud_.state().floating_ips.end() && !ip->second.description.starts_with(mark)) {
    report_.add("S2", what + " is on a floating IP that is not ours");
  }
  const localcloud::Volume* volume = volume_of(request);
  if (volume != nullptr && metadata_of(*volume, "clickdeploy_cluster") != cluster_id_) {
    report_.add("S2", what + " is on a volume that is not ours");
  }
  const bool new_volume = request.method == "POST" && request.url.starts_with(kVolumes) &&
                          request.url.ends_with("/volumes");
  const bool new_server = request.method == "POST" && request.url == "/compute/v2.1/servers";
  const bool new_port = request.method == "POST" && (request.url == "/network/v2.0/ports" ||
                                                     request.url == "/network/v2.0/floatingips");
  if (((new_server || new_volume) && !request.body.contains(cluster_id_)) ||
      (new_port && !request.body.contains(mark))) {
    report_.add("S2", what + " makes something without our mark");
  }
}

void CloudChecker::check_uniqueness() const {
  std::map<std::string, std::string> seen;
  for (const localcloud::Server* server : our_servers()) {
    for (const char* mark : {"clickdeploy_uid", "clickdeploy_claim"}) {
      const std::string told = metadata_of(*server, mark);
      if (told.empty()) continue;  // it is being let go of, mark by mark
      const std::string value = mark + ("=" + told);
      const auto [at, fresh] = seen.emplace(value, server->id);
      if (!fresh) report_.add("S1", server->id + " and " + at->second + " are both " + value);
    }
  }
}

}  // namespace clickdeploy::simulation
