// Whole fleets, observed by us and by Prometheus's own service discovery side by side: what each
// asks of the cloud, how soon a new server is a target, and what it costs. clickdeployd, localcloud
// and both Prometheus are the real programs.

#include "controller/base/text.h"
#include "tests/bench/light_agents.h"
#include "tests/bench/measure.h"
#include "tests/bench/real_bed.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <thread>

namespace clickdeploy::bench {
namespace {

constexpr std::size_t kServiceMost = 500;  // servers of one Service
constexpr double kLongest = 3600;          // that anything is waited for
constexpr const char* kPolicy = "all";

std::string service_name(std::size_t index) {
  return fmt::format("s{:02d}", index);
}

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// Prometheus that finds the servers itself, and does little else.
class Discovery {
 public:
  Discovery(const RealBed& bed, std::size_t poll_seconds) : folder_(bed.folder() + "/discovery") {
    std::filesystem::create_directories(folder_);
    write_text(folder_ + "/prometheus.yml",
               fmt::format("global: {{scrape_interval: 1h}}\n"
                           "scrape_configs:\n"
                           "- job_name: openstack\n"
                           "  openstack_sd_configs:\n"
                           "  - role: instance\n"
                           "    identity_endpoint: http://{}/identity/v3\n"
                           "    username: controller\n"
                           "    password: openstack\n"
                           "    domain_name: Default\n"
                           "    project_name: demo\n"
                           "    region: RegionOne\n"
                           "    refresh_interval: {}s\n",
                           address_of(bed.cloud()), poll_seconds));
    program_.emplace(
        std::vector<std::string>{"prometheus", "--config.file=" + folder_ + "/prometheus.yml",
                                 "--storage.tsdb.path=" + folder_ + "/tsdb",
                                 "--web.listen-address=" + address_of(port_)},
        folder_ + "/prometheus.log");
    wait_until_ready(port_, "/-/ready");
  }

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return program_->pid(); }

 private:
  const std::string folder_;
  const std::uint16_t port_ = free_port();
  std::optional<Program> program_;
};

class FleetBed {
 public:
  FleetBed(const std::string& folder, std::size_t servers, const Sizes& sizes)
      : servers_(servers), real_(options(folder, sizes)) {
    agents_.follow(real_);
    const Json agent = Json::object({{"name", "node-exporter"},
                                     {"install", Json::object({{"method", "None"}})},
                                     {"port", static_cast<std::int64_t>(agents_.port())}});
    const Json labels = Json::object({{"fleet", "all"}});
    real_.create_ours(
        "MonitoringPolicy", "monitoringpolicies", kPolicy,
        Json::object({{"serviceSelector", Json::object({{"matchLabels", labels}})},
                      {"backendRef", Json::object({{"name", "main"}})},
                      {"metrics", Json::object({{"mapping", "Disabled"}})},
                      {"scrape", Json::object({{"interval",
                                                fmt::format("{}s", sizes.fleet_scrape_seconds)}})},
                      {"agents", Json::array({agent})}}));
    for (std::size_t left = servers_; left > 0; left -= std::min(left, kServiceMost)) {
      real_.create_ours("Service", "services", service_name(services_++),
                        service_spec(std::min(left, kServiceMost)), labels);
    }
  }

  const RealBed& real() const { return real_; }
  std::size_t servers() const { return servers_; }

  // The sum of a number of all Services' status.
  std::size_t count(const std::string& member) const {
    std::int64_t sum = 0;
    const Json list = real_.get_json(real_.api().port, std::string(kApi) + "services");
    for (const Json& service : list["items"].as_array()) sum += service["status"][member].as_int();
    return static_cast<std::size_t>(sum);
  }

  // Until every server is proven by Prometheus.
  void settle() const {
    double told = 0;
    const Stopwatch watch;
    real_.wait_for(
        "a fleet that is monitored",
        [&] {
          sleep_for(0.2);
          if (watch.seconds() > told + 30) {
            told = watch.seconds();
            tell(fmt::format("{} exist, {} are ready, {} monitored", count("replicas"),
                             count("readyReplicas"), count("monitoredReplicas")));
          }
          return count("monitoredReplicas") == servers_ && count("readyReplicas") == servers_;
        },
        kLongest);
  }

  void grow(std::size_t more) {
    servers_ += more;
    const std::size_t last = servers_ - (services_ - 1) * kServiceMost;
    real_.patch(std::string(kApi) + "services/" + service_name(services_ - 1),
                Json::object({{"spec", Json::object({{"replicas", std::int64_t(last)}})}}));
  }

 private:
  static void tell(const std::string& what) {
    std::fputs(("            " + what + "\n").c_str(), stderr);
  }
  static RealBedOptions options(const std::string& folder, const Sizes& sizes) {
    const Json limits = Json::object(
        {{"requestsPerSecond", 1'000}, {"burst", 1'000}, {"maxConcurrentCreates", 20}});
    return {
        .folder = folder,
        .prometheus_config =
            "global: {scrape_interval: 1m, evaluation_interval: 1h}\n"
            "rule_files: ['rules/clickdeploy-*.yml']\n"
            "scrape_configs:\n"
            "- job_name: click-deploy\n"
            "  file_sd_configs: [{files: ['targets/clickdeploy-*.json']}]\n",
        .cloud_flags = {"--build-seconds", "1", "--quota-instances", "-1", "--quota-ports", "-1"},
        .cloud_spec =
            Json::object({{"pollSeconds", static_cast<std::int64_t>(sizes.fleet_poll_seconds)},
                          {"limits", limits}})};
  }

  std::size_t servers_;
  std::size_t services_ = 0;
  LightAgents agents_;
  const RealBed real_;
};

// What one client of the cloud asked for.
struct Asked {
  double calls = 0;
  double bytes = 0;
};

// localcloud's own time, which its record is in.
std::string now_of(const RealBed& bed) {
  return bed.get_json(bed.cloud(), "/localcloud/v1/calls?path_prefix=none")["time"].as_string();
}

// What we have asked for since then, and what others have.
std::pair<Asked, Asked> asked_since(const RealBed& bed, const std::string& from) {
  Asked ours;
  Asked theirs;
  const Json record = bed.get_json(bed.cloud(), "/localcloud/v1/calls");
  for (const Json& call : record["calls"].as_array()) {
    if (call["time"].as_string() < from) continue;
    const bool is_ours = call["user_agent"].as_string().starts_with("clickdeploy/");
    Asked& asked = is_ours ? ours : theirs;
    asked.calls += 1;
    asked.bytes += static_cast<double>(call["bytes"].as_int());
  }
  return {ours, theirs};
}

Taken beside(double ours, double theirs) {
  return {ours, theirs, ours / theirs};
}

void add(Report& report, const FleetBed& bed, const std::string& what, const std::string& unit,
         const Taken& taken, const std::string& limit) {
  report.add({.name = fmt::format("fleet of {}: {}", bed.servers(), what),
              .unit = unit,
              .better = Better::Lower,
              .taken = taken,
              .limit_is = limit});
}

// A fleet in which nothing happens.
void bench_steady(const FleetBed& bed, const Discovery& discovery, const Sizes& sizes,
                  Report& report) {
  const RealBed& real = bed.real();
  const std::string from = now_of(real);
  const Stopwatch watch;
  const double our_cpu = cpu_seconds(real.daemon_pid());
  const double their_cpu = cpu_seconds(discovery.pid());
  sleep_for(sizes.steady_seconds);
  const double seconds = watch.seconds();
  const double our_share = 100 * (cpu_seconds(real.daemon_pid()) - our_cpu) / seconds;
  const double their_share = 100 * (cpu_seconds(discovery.pid()) - their_cpu) / seconds;
  const auto [ours, theirs] = asked_since(real, from);
  const double minutes = seconds / 60;
  const std::string limit = "Prometheus's openstack_sd_configs, as often";
  add(report, bed, "calls of the cloud", "calls/min",
      beside(ours.calls / minutes, theirs.calls / minutes), limit);
  constexpr double kMiB = 1024 * 1024;
  add(report, bed, "what it answers", "MiB/min",
      beside(ours.bytes / minutes / kMiB, theirs.bytes / minutes / kMiB), limit);
  // The clock of the system counts hundredths of a second.
  constexpr double kLeast = 0.01;
  add(report, bed, "CPU", "% of a core",
      beside(std::max(our_share, kLeast), std::max(their_share, kLeast)),
      "the Prometheus that does this and little else");
  add(report, bed, "resident", "MiB",
      beside(resident_bytes(real.daemon_pid()) / kMiB, resident_bytes(discovery.pid()) / kMiB),
      "the same Prometheus");
}

// When a Prometheus was first seen to know each of the servers.
class Sightings {
 public:
  explicit Sightings(std::uint16_t port) : port_(port) {}

  void look(const RealBed& bed, const std::map<std::string, double>& servers) {
    if (seen_.size() == servers.size()) return;
    const std::string targets = bed.get(port_, "/api/v1/targets?state=active");
    const double now = wall_seconds();
    for (const auto& [id, launched] : servers) {
      if (!seen_.contains(id) && targets.contains(id)) seen_[id] = now - launched;
    }
  }
  bool has(std::size_t count) const { return seen_.size() == count; }
  double after(double percent) const {
    std::vector<double> all;
    for (const auto& [id, seconds] : seen_) all.push_back(seconds);
    return percentile(std::move(all), percent);
  }

  static double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

 private:
  std::uint16_t port_;
  std::map<std::string, double> seen_;
};

// The servers that localcloud has made ACTIVE since `from`, and when.
std::map<std::string, double> launched_since(const RealBed& bed, double from) {
  std::map<std::string, double> servers;
  const Json state = bed.get_json(bed.cloud(), "/localcloud/v1/state");
  for (const Json& server : state["servers"].as_array()) {
    const std::optional<WallTime> time = parse_time(server["launched"].as_string());
    if (!time) continue;
    const double launched = std::chrono::duration<double>(time->time_since_epoch()).count();
    if (launched >= from) servers[server["id"].as_string()] = launched;
  }
  return servers;
}

void bench_new_servers(FleetBed& bed, const Discovery& discovery, const Sizes& sizes,
                       Report& report) {
  const RealBed& real = bed.real();
  const double from = Sightings::wall_seconds();
  bed.grow(sizes.grown);
  Sightings ours(real.prometheus());
  Sightings theirs(discovery.port());
  real.wait_for(
      "new servers as targets",
      [&] {
        sleep_for(0.5);
        const std::map<std::string, double> servers = launched_since(real, from);
        ours.look(real, servers);
        theirs.look(real, servers);
        return ours.has(sizes.grown) && theirs.has(sizes.grown);
      },
      kLongest);
  for (const double percent : {50.0, 99.0}) {
    add(report, bed,
        fmt::format("{} new ones, ACTIVE until Prometheus knows it, p{:.0f}", sizes.grown, percent),
        "s", beside(ours.after(percent), theirs.after(percent)),
        "Prometheus's openstack_sd_configs, as often");
  }
}

}  // namespace

void bench_fleets(const Sizes& sizes, const std::string& folder, Report& report) {
  for (const std::size_t servers : sizes.fleets) {
    report.begin(fmt::format("fleets: {} servers are made", servers));
    const Stopwatch watch;
    FleetBed bed(fmt::format("{}/fleet-{}", folder, servers), servers, sizes);
    bed.settle();
    report.begin(fmt::format("fleets: made and monitored in {:.0f} s", watch.seconds()));
    const Discovery discovery(bed.real(), sizes.fleet_poll_seconds);
    bed.real().wait_for(
        "Prometheus's discovery",
        [&] {
          return bed.real()
              .get(discovery.port(), "/api/v1/targets?state=active")
              .contains(launched_since(bed.real(), 0).begin()->first);
        },
        kLongest);
    sleep_for(sizes.steady_seconds / 2);
    bench_steady(bed, discovery, sizes, report);
    bench_new_servers(bed, discovery, sizes, report);
  }
}

}  // namespace clickdeploy::bench
