// Drives plan_instance against a small cloud in memory, and breaks each of its actions once: before
// its effect, after it, with and without losing all that was not saved. Whatever broke, the end is
// the same: exactly one server, one port for each network, one volume for each wish, and a record
// that names them.

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using Probe = AgentObserved::Probe;

constexpr std::int64_t kBuildSeconds = 10;
constexpr std::int64_t kDeleteSeconds = 5;
constexpr std::int64_t kVolumeSeconds = 3;

const std::string kCluster = "cluster-1";

enum class Break { Never, CrashBefore, CrashAfter, ErrorBefore, ErrorAfter };

std::string name_of(Break mode) {
  switch (mode) {
    case Break::Never:
      return "never";
    case Break::CrashBefore:
      return "crash before the effect";
    case Break::CrashAfter:
      return "crash after the effect";
    case Break::ErrorBefore:
      return "error before the effect";
    case Break::ErrorAfter:
      return "error after the effect";
  }
  return "";
}

struct CloudInMemory {
  struct Entry {
    openstack::Server server;
    std::int64_t appears = 0;
    std::optional<std::int64_t> goes;
  };
  std::vector<Entry> entries;
  std::vector<openstack::Port> ports;
  std::vector<openstack::FloatingIP> floating_ips;
  struct VolumeEntry {
    openstack::Volume volume;
    std::int64_t made = 0;
    std::optional<std::int64_t> goes;
    std::string server;
  };
  std::vector<VolumeEntry> volume_entries;
  std::int64_t made = 0;
  bool agents_answer = true;

  std::vector<openstack::Server> servers(std::int64_t now) const {
    std::vector<openstack::Server> there;
    for (const Entry& entry : entries) {
      if (now < entry.appears || (entry.goes && now >= *entry.goes)) continue;
      openstack::Server server = entry.server;
      server.status = now - entry.appears < kBuildSeconds ? "BUILD" : "ACTIVE";
      if (entry.goes) server.task_state = "deleting";
      there.push_back(std::move(server));
    }
    return there;
  }
};

std::vector<openstack::Volume> volumes_at(const CloudInMemory& cloud, std::int64_t now) {
  std::vector<openstack::Volume> there;
  const std::vector<openstack::Server> servers = cloud.servers(now);
  for (const CloudInMemory::VolumeEntry& entry : cloud.volume_entries) {
    if (entry.goes && now >= *entry.goes) continue;
    openstack::Volume volume = entry.volume;
    const bool used =
        std::ranges::find(servers, entry.server, &openstack::Server::id) != servers.end();
    volume.status = entry.goes                          ? "deleting"
                    : used                              ? "in-use"
                    : now - entry.made < kVolumeSeconds ? "creating"
                                                        : "available";
    if (used) volume.server_ids = {entry.server};
    there.push_back(std::move(volume));
  }
  return there;
}

class Driver {
 public:
  Driver() {
    stored = sample_instance();
    api::v1alpha1::NetworkAttachment second;
    second.name = "db";
    second.network.name = "db-net";
    stored.spec.server.networks.push_back(second);
    stored.spec.server.floating_ip.emplace();
    stored.spec.server.floating_ip->network.name = "public";
    stored.spec.server.root_volume = {.size_gib = 10};
    stored.spec.server.volumes = {{.name = "data", .size_gib = 20}};
  }

  Instance stored;  // what survives a crash
  CloudInMemory cloud;
  std::int64_t now = 0;
  bool finished = false;  // the finalizer is gone
  int actions = 0;        // performed so far
  int break_at = 0;       // the action that breaks; counted from 1
  Break mode = Break::Never;
  std::int64_t create_delay = 0;  // a server shows itself so long after it was asked for
  std::size_t servers_most = 0;

  // Passes until `done`, or until too much virtual time is over.
  template <class Done>
  bool run_until(Done done) {
    const std::int64_t deadline = now + 3'600;
    while (now < deadline && !finished) {
      if (done()) return true;
      pass();
    }
    return finished || done();
  }

  bool healthy() const {
    const auto servers = cloud.servers(now);
    return stored.status.claim.state == "Confirmed" && stored.status.remediation.step.empty() &&
           servers.size() == 1 && servers.front().status == "ACTIVE" &&
           servers.front().id == stored.status.server.id && cloud.agents_answer;
  }

 private:
  void pass() {
    Instance work = stored;
    InstanceObserved observed = observe(work);
    std::int64_t wait = 1;
    for (int i = 0; i < 64; ++i) {
      const std::string token = "token-" + std::to_string(++tokens_);
      const InstanceAction action = plan_instance(work, observed, token);
      if (const Rest* rest = std::get_if<Rest>(&action)) {
        wait = std::max<std::int64_t>(1, rest->look_again.count() / 1000);
        report(work, observed);
        break;
      }
      const bool breaks = ++actions == break_at;
      if (breaks && mode == Break::CrashBefore) return step(1);
      if (breaks && mode == Break::ErrorBefore) {
        broken_by_error(work, observed, action, false);
        continue;
      }
      perform(work, observed, action);
      servers_most = std::max(servers_most, cloud.servers(now).size());
      if (finished) return;
      if (breaks && mode == Break::CrashAfter) return step(1);
      if (breaks && mode == Break::ErrorAfter) broken_by_error(work, observed, action, true);
    }
    step(wait);
  }

  void step(std::int64_t seconds) { now += seconds; }

  // The answer was lost: nothing that it would have told is known.
  void broken_by_error(Instance& work, InstanceObserved& observed, const InstanceAction& action,
                       bool done) {
    observed.failure = Error(ErrorCode::Unavailable, "connection reset");
    if (std::holds_alternative<CreateServer>(action) || std::holds_alternative<AdoptServer>(action))
      work = stored;
    if (std::holds_alternative<CreateServer>(action) && done) {
      work.status.claim.state = "Uncertain";
      work.status.claim.since = time_at(now);
      work.status.server = {};
      stored = work;
    }
  }

  InstanceObserved observe(const Instance& work) const {
    InstanceObserved observed = trusted(now);
    for (const openstack::Server& server : cloud.servers(now)) {
      if (work.status.claim.state != "Confirmed") break;
      if (server.id == work.status.server.id) observed.server = server;
    }
    if (work.status.claim.state == "Confirmed") {
      observed.server_missing = !observed.server;
      const std::vector<openstack::Server> marked = servers_of(work.status.claim.token);
      if (marked.size() > 1) observed.look_up = TokenLookUp{marked, {}};
    }
    AgentObserved agent;
    agent.name = "node-exporter";
    if (observed.server && observed.server->status == "ACTIVE") {
      agent.target = cloud.agents_answer ? TargetView::Up : TargetView::Down;
      agent.probe = cloud.agents_answer ? Probe::Answers : Probe::Silent;
    }
    observed.agents = {agent};
    return observed;
  }

  void report(Instance& work, const InstanceObserved& observed) {
    work.status.address = observed.server ? "10.0.0.5" : "";
    if (observed.server && observed.server->status == "ACTIVE" && work.status.booted_at.empty()) {
      work.status.booted_at = time_at(now);
      work.status.bootstrap = {"Succeeded", 0};
    }
    const std::optional<std::string> unhealthy = unhealthy_reason(work, observed);
    std::string& since = work.status.remediation.unhealthy_since;
    if (unhealthy && since.empty()) since = time_at(now);
    if (!unhealthy && work.status.remediation.step.empty()) since.clear();
    stored = work;
  }

  std::vector<openstack::Server> servers_of(const std::string& token) const {
    std::vector<openstack::Server> found;
    for (const openstack::Server& server : cloud.servers(now)) {
      if (server.tags.front() == claim_tag(token)) found.push_back(server);
    }
    return found;
  }

  void perform(Instance& work, InstanceObserved& observed, const InstanceAction& action) {
    api::v1alpha1::InstanceStatus& status = work.status;
    if (const auto* save = std::get_if<SaveClaim>(&action)) {
      const bool same = save->claim.state == status.claim.state;
      const bool asking = save->claim.state == "Uncertain" && status.claim.state == "Intended";
      status.claim = save->claim;
      stored = work;
      observed.may_create = asking;
      if (!asking && !same) observed.look_up.reset();
    } else if (std::holds_alternative<LookUpToken>(action)) {
      TokenLookUp found{.in_doubt = is_in_doubt(work, observed)};
      if (!status.claim.token.empty()) found.servers = servers_of(status.claim.token);
      for (const openstack::Port& port : cloud.ports) {
        const bool ours = port.description.contains("claim=" + status.claim.token + " ");
        if (ours) found.parts.push_back(part_of(port));
      }
      for (const openstack::Volume& volume : volumes_at(cloud, now)) {
        if (auto part = volume_of(volume, work, kCluster)) found.parts.push_back(*part);
      }
      for (const auto& ip : cloud.floating_ips) found.parts.push_back(part_of(ip));
      record_parts(status, found.parts);
      observed.look_up = std::move(found);
    } else if (std::holds_alternative<ResolveThings>(action)) {
      ResolvedServer things = sample_resolved();
      things.attachments.push_back({"db", "network-2", std::nullopt});
      observed.resolved = things;
    } else if (const auto* create = std::get_if<CreatePart>(&action)) {
      observed.look_up->parts.push_back(make_part(work, observed, create->part));
      record_part(status, observed.look_up->parts.back());
      status.claim.parts_asked.clear();
    } else if (const auto* ready = std::get_if<BeginUse>(&action)) {
      volume(ready->id).volume.metadata.erase(std::string(kUnusedMetadata));
      for (Part& part : observed.look_up->parts) {
        if (part.id == ready->id) part.unused = false;
      }
    } else if (const auto* attach = std::get_if<AttachPart>(&action)) {
      for (auto& ip : cloud.floating_ips) {
        if (ip.id == attach->id) ip.port_id = attach->to;
      }
      for (Part& part : observed.look_up->parts) {
        if (part.id == attach->id) part.used_by = attach->to;
      }
    } else if (std::holds_alternative<CreateServer>(action)) {
      observed.may_create = false;
      openstack::Server server = sample_server("server-" + std::to_string(++cloud.made));
      for (const WantedPart& wanted : wanted_parts(work.spec.server)) {
        if (!is_volume(wanted.kind)) continue;
        CloudInMemory::VolumeEntry& entry =
            volume(choose_part(work, observed.look_up->parts, wanted)->id);
        // An unanswered create may have begun it.
        EXPECT_FALSE(entry.volume.metadata.contains(std::string(kUnusedMetadata)));
        const std::vector<openstack::Volume> there = volumes_at(cloud, now);
        const auto at = std::ranges::find(there, entry.volume.id, &openstack::Volume::id);
        EXPECT_TRUE(at != there.end() && at->status == "available");
        entry.server = server.id;
      }
      server.tags = {claim_tag(status.claim.token)};
      server.created = time_at(now + create_delay);
      cloud.entries.push_back({server, now + create_delay, std::nullopt});
      if (create_delay > 0) {  // and the answer never comes
        create_delay = 0;
        observed.look_up.reset();
        observed.failure = Error(ErrorCode::DeadlineExceeded, "no answer");
        return;
      }
      status.claim.state = "Confirmed";
      status.claim.since = time_at(now);
      status.server.id = server.id;
      stored = work;
    } else if (const auto* adopt = std::get_if<AdoptServer>(&action)) {
      status.claim.state = "Confirmed";
      status.server.id = adopt->id;
      for (const auto& server : observed.look_up->servers) {
        if (server.id == adopt->id) observed.server = server;
      }
      stored = work;
    } else if (const auto* gone = std::get_if<DeleteServer>(&action)) {
      for (CloudInMemory::Entry& entry : cloud.entries) {
        if (entry.server.id == gone->id && !entry.goes) entry.goes = now + kDeleteSeconds;
      }
      observed.deleted.push_back(gone->id);
      observed.look_up.reset();
    } else if (const auto* part = std::get_if<DeletePart>(&action)) {
      const auto is_it = [&](const auto& each) { return each.id == part->id; };
      std::erase_if(cloud.ports, is_it);
      std::erase_if(cloud.floating_ips, is_it);
      if (is_volume(part->kind)) {
        volume(part->id).goes = now + kDeleteSeconds;
        for (Part& each : observed.look_up->parts) {
          if (each.id == part->id) each.state = "deleting";
        }
        return;
      }
      std::erase_if(observed.look_up->parts, is_it);
      std::erase_if(status.resources, is_it);
    } else if (const auto* ask = std::get_if<AskById>(&action)) {
      observed.server_gone = true;
      for (const auto& server : cloud.servers(now)) {
        if (server.id == ask->id) observed.server_gone = false;
      }
    } else if (const auto* repair = std::get_if<BeginRepair>(&action)) {
      status.remediation.step = repair->step;
      status.remediation.started_at = time_at(now);
      ++status.remediation.retries;
      stored = work;
      observed.look_up.reset();
    } else if (std::holds_alternative<EndRepair>(action)) {
      status.remediation = {.retries = status.remediation.retries};
      stored = work;
    } else if (std::holds_alternative<ForgetServer>(action)) {
      status.remediation.step = status.booted_at.empty() ? "" : kRecreate;
      status.claim = {};
      status.server = {};
      std::erase_if(status.resources, [](const auto& each) {
        return each.kind != "FloatingIP" && each.kind != "Volume";
      });
      status.booted_at.clear();
      status.bootstrap = {};
      observed = trusted(now);
      cloud.agents_answer = true;  // the new server's will
      stored = work;
    } else if (std::holds_alternative<DropFinalizer>(action)) {
      finished = true;
    }
  }

  Part make_part(const Instance& work, const InstanceObserved& observed, const WantedPart& wanted) {
    const std::string number = std::to_string(++cloud.made);
    if (wanted.kind == PartKind::FloatingIP) {
      openstack::FloatingIP ip{.id = "ip-" + number};
      const Part* port = choose_part(work, observed.look_up->parts, {PartKind::Port, "app"});
      if (port != nullptr) ip.port_id = port->id;
      cloud.floating_ips.push_back(ip);
      return part_of(ip);
    }
    if (is_volume(wanted.kind)) {
      openstack::Volume volume{.id = "volume-" + number, .name = volume_label(work, wanted)};
      volume.metadata = volume_marks(work, kCluster, wanted.kind, wanted.name);
      volume.status = "creating";
      cloud.volume_entries.push_back({volume, now, std::nullopt, ""});
      return part_of(volume);
    }
    openstack::Port port;
    port.id = "port-" + number;
    port.name = work.metadata.name + "-" + wanted.name;
    port.description = port_description(kCluster, work.status.claim.token, wanted.name);
    cloud.ports.push_back(port);
    return part_of(port);
  }

  CloudInMemory::VolumeEntry& volume(const std::string& id) {
    return *std::ranges::find(cloud.volume_entries, id,
                              [](const auto& entry) { return entry.volume.id; });
  }

  int tokens_ = 0;
};

// By name; those that the Instance's server has.
std::map<std::string, std::string> volumes_in_use(const Driver& driver) {
  std::map<std::string, std::string> used;
  for (const openstack::Volume& volume : volumes_at(driver.cloud, driver.now)) {
    EXPECT_EQ(volume.server_ids, std::vector<std::string>{driver.stored.status.server.id});
    EXPECT_TRUE(used.emplace(volume.name, volume.id).second) << volume.name;
  }
  return used;
}

void expect_one_server(const Driver& driver) {
  const std::vector<openstack::Server> servers = driver.cloud.servers(driver.now);
  ASSERT_EQ(servers.size(), 1u);
  EXPECT_EQ(servers.front().id, driver.stored.status.server.id);
  EXPECT_EQ(driver.stored.status.claim.state, "Confirmed");
  std::map<std::string, int> ports;
  for (const openstack::Port& port : driver.cloud.ports) ++ports[port.name];
  EXPECT_EQ(ports, (std::map<std::string, int>{{"web-1-app", 1}, {"web-1-db", 1}}));
  for (const openstack::Port& port : driver.cloud.ports) {
    EXPECT_TRUE(port.description.contains(driver.stored.status.claim.token)) << port.description;
  }
  ASSERT_EQ(driver.cloud.floating_ips.size(), 1u);
  const auto at = std::ranges::find(driver.cloud.ports, driver.cloud.floating_ips.front().port_id,
                                    &openstack::Port::id);
  ASSERT_NE(at, driver.cloud.ports.end());
  EXPECT_EQ(at->name, "web-1-app");
  const std::map<std::string, std::string> volumes = volumes_in_use(driver);
  EXPECT_EQ(volumes.size(), 2u);
  EXPECT_TRUE(volumes.contains("web-1-root") && volumes.contains("web-1-volume-data"));
}

// Calls `story(driver)` for each action that it takes and each way to break it.
template <class Story>
void break_each(Story story) {
  Driver whole;
  story(whole);
  if (testing::Test::HasFatalFailure()) return;
  const int actions = whole.actions;
  ASSERT_GT(actions, 5);
  for (Break mode :
       {Break::CrashBefore, Break::CrashAfter, Break::ErrorBefore, Break::ErrorAfter}) {
    for (int broken = 1; broken <= actions; ++broken) {
      SCOPED_TRACE("action " + std::to_string(broken) + ": " + name_of(mode));
      Driver driver;
      driver.break_at = broken;
      driver.mode = mode;
      story(driver);
    }
  }
}

TEST(BreakEachStep, CreatingEndsWithOneServer) {
  break_each([](Driver& driver) {
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    expect_one_server(driver);
    EXPECT_EQ(driver.servers_most, 1u);
  });
}

TEST(BreakEachStep, DeletingLeavesNothing) {
  break_each([](Driver& driver) {
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    driver.stored.metadata.deletion_timestamp = time_at(driver.now);
    ASSERT_TRUE(driver.run_until([&] { return driver.finished; }));
    EXPECT_TRUE(driver.cloud.servers(driver.now).empty());
    EXPECT_TRUE(driver.cloud.ports.empty());
    EXPECT_TRUE(driver.cloud.floating_ips.empty());
    EXPECT_TRUE(volumes_at(driver.cloud, driver.now).empty());
  });
}

// Deletion is asked for in the middle of everything.
TEST(BreakEachStep, DeletingAHalfMadeOneLeavesNothing) {
  for (int actions = 1; actions <= 7; ++actions) {
    SCOPED_TRACE(actions);
    Driver driver;
    driver.break_at = actions;
    driver.mode = Break::CrashAfter;
    ASSERT_TRUE(driver.run_until([&] { return driver.actions >= actions; }));
    driver.stored.metadata.deletion_timestamp = time_at(driver.now);
    ASSERT_TRUE(driver.run_until([&] { return driver.finished; }));
    driver.now += 1'000;
    EXPECT_TRUE(driver.cloud.servers(driver.now).empty());
    EXPECT_TRUE(driver.cloud.ports.empty());
    EXPECT_TRUE(driver.cloud.floating_ips.empty());
    EXPECT_TRUE(volumes_at(driver.cloud, driver.now).empty());
  }
}

TEST(BreakEachStep, ReplacingEndsWithOneOtherServer) {
  break_each([](Driver& driver) {
    driver.stored.spec.remediation.steps = {"Replace"};
    driver.stored.spec.remediation.step_timeout_seconds = 120;
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    const std::string first = driver.stored.status.server.id;
    const auto volumes = volumes_in_use(driver);
    driver.cloud.agents_answer = false;
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    expect_one_server(driver);
    const auto now_used = volumes_in_use(driver);
    EXPECT_EQ(now_used.at("web-1-volume-data"), volumes.at("web-1-volume-data"));
    EXPECT_NE(now_used.at("web-1-root"), volumes.at("web-1-root"));
    EXPECT_NE(driver.stored.status.server.id, first);
    EXPECT_EQ(driver.servers_most, 1u);
  });
}

TEST(BreakEachStep, AServerDeletedBySomebodyElseIsReplaced) {
  break_each([](Driver& driver) {
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    driver.cloud.entries.back().goes = driver.now;
    ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
    expect_one_server(driver);
  });
}

TEST(BreakEachStep, AServerThatShowsItselfLateIsAdopted) {
  Driver driver;
  driver.create_delay = 45;
  ASSERT_TRUE(driver.run_until([&] { return driver.healthy(); }));
  expect_one_server(driver);
  EXPECT_EQ(driver.cloud.entries.size(), 1u);
}

// Past the window a second one is made; when the first shows itself all the same, one goes.
TEST(BreakEachStep, AServerThatShowsItselfTooLateIsRemoved) {
  Driver driver;
  driver.create_delay = 90;
  ASSERT_TRUE(driver.run_until([&] { return driver.healthy() && driver.now > 200; }));
  expect_one_server(driver);
  EXPECT_EQ(driver.cloud.entries.size(), 2u);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
