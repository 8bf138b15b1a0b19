#include "controller/reconcilers/instance/drift.h"

#include "controller/reconcilers/instance/instance_status.h"
#include "controller/reconcilers/service/shared_parts.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <functional>

namespace clickdeploy::reconcilers {
namespace {

using namespace std::chrono_literals;
using openstack::CloudSnapshot;
using openstack::Port;
using openstack::Server;
using Probe = AgentObserved::Probe;

const std::string kCluster = "cluster-1-of-the-test";
const WantedGroups kGroups{{"app", {"group-default"}}};

// web-1 at server-1, made from image-1 and m1.small, with a port and a floating IP.
Instance made() {
  Instance instance = running_instance();
  instance.spec.server.metadata = {{"owner", "shop"}};
  instance.spec.server.networks[0].allowed_address_pairs = {{"10.0.0.100", ""}};
  instance.spec.server.floating_ip.emplace().network.name = "public";
  instance.status.resources.push_back({"FloatingIP", "ip-1", "203.0.113.5", "ACTIVE"});
  instance.status.resolved = {.image_id = "image-1", .flavor = "m1.small", .at = time_at(0)};
  return instance;
}

CloudSnapshot as_made() {
  const Instance instance = made();
  Server server = sample_server("server-1");
  server.metadata = server_marks(instance, kCluster);
  server.metadata["owner"] = "shop";
  server.tags = {claim_tag(kToken), cluster_tag(kCluster)};
  server.image_id = "image-1";
  server.flavor_name = "m1.small";
  Port port = sample_cloud_port();
  port.description = port_description(kCluster, kToken, "app");
  port.device_id = "server-1";
  port.mac_address = "fa:16:3e:00:00:01";
  port.security_group_ids = {"group-default"};
  port.allowed_address_pairs = {{"10.0.0.100", "FA:16:3e:00:00:01"}};
  CloudSnapshot snapshot;
  snapshot.servers["server-1"] = server;
  snapshot.ports["port-1"] = port;
  snapshot.floating_ips.emplace();
  snapshot.floating_ips->emplace(
      "ip-1",
      openstack::FloatingIP{.id = "ip-1",
                            .address = "203.0.113.5",
                            .description = floating_ip_description(kCluster, "instance-uid"),
                            .port_id = "port-1"});
  return snapshot;
}

struct Change {
  std::string name;
  std::function<void(CloudSnapshot& snapshot, Server& server, Port& port)> make;
  std::string field;
  Correction correction;
};

// Advice is for people: only that there is some is told.
void expect_drift(const Instance& instance, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    SCOPED_TRACE(change.name);
    CloudSnapshot snapshot = as_made();
    change.make(snapshot, snapshot.servers["server-1"], snapshot.ports["port-1"]);
    const std::vector<Drift> found = find_drift(instance, kCluster, snapshot, kGroups);
    ASSERT_EQ(found.size(), change.field.empty() ? 0U : 1U);
    if (found.empty()) continue;
    EXPECT_EQ(found[0].field, change.field) << describe_drift(found[0]);
    EXPECT_EQ(found[0].correction.index(), change.correction.index());
    const auto* told = std::get_if<OnlyTell>(&found[0].correction);
    if (told == nullptr) {
      EXPECT_EQ(found[0].correction, change.correction);
    } else {
      EXPECT_FALSE(told->advice.empty());
    }
  }
}

TEST(Drift, WhatCanBePutBackIsPutBack) {
  const std::vector<std::string> both{claim_tag(kToken), cluster_tag(kCluster)};
  expect_drift(
      made(),
      {
          {"AsMade", [](auto&, auto&, auto&) {}, "", {}},
          {"Renamed", [](auto&, auto& server, auto&) { server.name = "x"; }, "name",
           RenameServer{"web-1"}},
          {"MetadataChanged", [](auto&, auto& server, auto&) { server.metadata["owner"] = "me"; },
           "metadata", SetMetadata{{{"owner", "shop"}}}},
          {"MarkRemoved",
           [](auto&, auto& server, auto&) { server.metadata.erase("clickdeploy_claim"); },
           "metadata", SetMetadata{{{"clickdeploy_claim", kToken}}}},
          {"MarkChanged",
           [](auto&, auto& server, auto&) { server.metadata["clickdeploy_instance"] = "shop/x"; },
           "metadata", SetMetadata{{{"clickdeploy_instance", "shop/web-1"}}}},
          {"TagsRemoved", [](auto&, auto& server, auto&) { server.tags.clear(); }, "tags",
           AddTags{both}},
          {"GroupsChanged",
           [](auto&, auto&, auto& port) { port.security_group_ids = {"group-open"}; },
           "port web-1-app security groups", SetPortGroups{"port-1", {"group-default"}}},
          {"GroupAdded",
           [](auto&, auto&, auto& port) { port.security_group_ids.push_back("group-open"); },
           "port web-1-app security groups", SetPortGroups{"port-1", {"group-default"}}},
          {"PairsChanged", [](auto&, auto&, auto& port) { port.allowed_address_pairs.clear(); },
           "port web-1-app allowed address pairs", SetPortPairs{"port-1", {{"10.0.0.100", ""}}}},
          {"FloatingIPTaken",
           [](auto& snapshot, auto&, auto&) {
             snapshot.floating_ips->at("ip-1").port_id = "other";
           },
           "floatingIP", MendPart{}},
          {"FloatingIPDeleted",
           [](auto& snapshot, auto&, auto&) { snapshot.floating_ips->clear(); }, "floatingIP",
           MendPart{}},
      });
}

TEST(Drift, WhatIsNotOursOrNeedsANewServerIsOnlyTold) {
  expect_drift(
      made(),
      {
          {"Resized", [](auto&, auto& server, auto&) { server.flavor_name = "m1.huge"; }, "flavor",
           OnlyTell{}},
          {"Rebuilt", [](auto&, auto& server, auto&) { server.image_id = "image-2"; }, "image",
           OnlyTell{}},
          {"AllMarksTaken",
           [](auto&, auto& server, auto&) {
             server.tags.clear();
             server.metadata.clear();
             server.name = "mine now";
           },
           "marks", OnlyTell{}},
          {"OfAnotherCluster",
           [](auto&, auto& server, auto&) { server.metadata["clickdeploy_cluster"] = "other"; },
           "marks", OnlyTell{}},
          {"PortDeleted", [](auto& snapshot, auto&, auto&) { snapshot.ports.clear(); },
           "port web-1-app", OnlyTell{}},
          {"PortDetached", [](auto&, auto&, auto& port) { port.device_id.clear(); },
           "port web-1-app", OnlyTell{}},
          {"PortNotYetAttached",
           [](auto&, auto& server, auto& port) {
             server.status = "BUILD";
             port.device_id.clear();
           },
           "",
           {}},
          {"PortElsewhere", [](auto&, auto&, auto& port) { port.device_id = "server-9"; },
           "port web-1-app", OnlyTell{}},
          {"PortUnmarked",
           [](auto&, auto&, auto& port) {
             port.description = "mine now";
             port.security_group_ids.clear();
           },
           "port web-1-app description", OnlyTell{}},
          {"FloatingIPUnmarked",
           [](auto& snapshot, auto&, auto&) {
             snapshot.floating_ips->at("ip-1").description.clear();
             snapshot.floating_ips->at("ip-1").port_id.clear();
           },
           "floatingIP description", OnlyTell{}},
      });
}

// made(), booted from a volume, with one more, as the cloud has them.
Instance made_with_volumes() {
  Instance instance = made();
  instance.spec.server.root_volume = {.size_gib = 10};
  instance.spec.server.volumes = {{.name = "data", .size_gib = 20}};
  instance.status.resources.push_back({"RootVolume", "root-1", "web-1-root", "in-use"});
  instance.status.resources.push_back({"Volume", "data-1", "web-1-volume-data", "in-use"});
  return instance;
}

void add_volume(CloudSnapshot& snapshot, const std::string& id, const WantedPart& wanted) {
  const Instance instance = made_with_volumes();
  openstack::Volume volume{.id = id,
                           .name = volume_label(instance, wanted),
                           .status = "in-use",
                           .metadata = volume_marks(instance, kCluster, wanted.kind, wanted.name),
                           .server_ids = {"server-1"}};
  volume.metadata.erase(std::string(kUnusedMetadata));
  snapshot.volumes->emplace(id, volume);
}

TEST(Drift, ADetachedVolumeComesBackAndOtherwiseVolumesAreTold) {
  using Volumes = std::map<std::string, openstack::Volume>;
  struct Case {
    std::string name;
    std::function<void(Volumes&)> make;
    std::string field;
    Correction correction;
  };
  const std::vector<Case> cases = {
      {"AsMade", [](Volumes&) {}, "", {}},
      {"Attaching", [](Volumes& all) { all.at("data-1").status = "attaching"; }, "", {}},
      {"Detached",
       [](Volumes& all) {
         all.at("data-1").status = "available";
         all.at("data-1").server_ids.clear();
       },
       "volume data", MendPart{PartKind::Volume, "data"}},
      {"Elsewhere", [](Volumes& all) { all.at("data-1").server_ids = {"server-9"}; }, "volume data",
       OnlyTell{}},
      {"Deleted", [](Volumes& all) { all.erase("data-1"); }, "volume data", OnlyTell{}},
      {"InError",
       [](Volumes& all) {
         all.at("data-1").status = "error";
         all.at("data-1").server_ids.clear();
       },
       "volume data", OnlyTell{}},
      {"Unmarked", [](Volumes& all) { all.at("data-1").metadata.clear(); }, "volume data metadata",
       OnlyTell{}},
      {"RootDeleted", [](Volumes& all) { all.erase("root-1"); }, "rootVolume", OnlyTell{}},
      {"Larger", [](Volumes& all) { all.at("data-1").size_gib = 500; }, "", {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    CloudSnapshot snapshot = as_made();
    snapshot.volumes.emplace();
    add_volume(snapshot, "root-1", {PartKind::RootVolume, ""});
    add_volume(snapshot, "data-1", {PartKind::Volume, "data"});
    c.make(*snapshot.volumes);
    const std::vector<Drift> found = find_drift(made_with_volumes(), kCluster, snapshot, kGroups);
    ASSERT_EQ(found.size(), c.field.empty() ? 0u : 1u);
    if (found.empty()) continue;
    EXPECT_EQ(found[0].field, c.field);
    EXPECT_EQ(found[0].correction.index(), c.correction.index());
    if (std::holds_alternative<MendPart>(c.correction)) {
      EXPECT_EQ(found[0].correction, c.correction);
    }
  }
}

// Cinder that does not answer is no sign that volumes are gone.
TEST(Drift, VolumesThatWereNotListedAreNotCompared) {
  EXPECT_TRUE(find_drift(made_with_volumes(), kCluster, as_made(), kGroups).empty());
}

TEST(Drift, WhatOthersMayDoIsRespected) {
  expect_drift(
      made(),
      {
          {"FurtherMetadata",
           [](auto&, auto& server, auto&) { server.metadata["note"] = "x"; },
           "",
           {}},
          {"FurtherTag", [](auto&, auto& server, auto&) { server.tags.push_back("x"); }, "", {}},
          {"PortRenamed", [](auto&, auto&, auto& port) { port.name = "x"; }, "", {}},
          {"SecurityOff",
           [](auto&, auto&, auto& port) {
             port.has_security = false;
             port.security_group_ids.clear();
           },
           "",
           {}},
          {"FloatingIPsNotListed",
           [](auto& snapshot, auto&, auto&) { snapshot.floating_ips.reset(); },
           "",
           {}},
          {"SurplusPort",
           [](auto& snapshot, auto&, auto& port) {
             snapshot.ports["port-0"] = port;
             snapshot.ports["port-0"].device_id.clear();
           },
           "",
           {}},
      });
  // A create that came twice: the port that was recorded first does not serve.
  Instance twice = made();
  twice.status.resources.insert(twice.status.resources.begin(),
                                {"Port", "port-0", "web-1-app", "DOWN"});
  EXPECT_TRUE(find_drift(twice, kCluster, as_made(), kGroups).empty());
  // Of a server that was taken over, name, image and flavor are its own.
  Instance taken = made();
  taken.status.resolved = {};
  CloudSnapshot legacy = as_made();
  legacy.servers["server-1"].name = "legacy-1";
  EXPECT_TRUE(find_drift(taken, kCluster, legacy, kGroups).empty());
}

TEST(Drift, PortsShouldHaveTheGroupsOfTheTemplate) {
  const std::vector<openstack::SecurityGroup> known = {
      {.id = "id-default", .name = "default"},
      {.id = "id-web", .name = "web"},
      {.id = "id-scrape", .name = "scrape"},
  };
  api::v1alpha1::ServerTemplate server = made().spec.server;
  server.networks.push_back(server.networks[0]);
  server.networks[1].name = "back";
  server.networks[1].security_groups = {{"", "web"}};
  const std::vector<api::v1alpha1::OwnedResource> shared = {
      {std::string(kSecurityGroup), "id-scrape", "scrape", std::string(kInUse)},
      {std::string(kSecurityGroup), "id-old", "old", std::string(kLeaving)}};
  const Result<WantedGroups> wanted = wanted_groups(server, known, shared);
  ASSERT_TRUE(wanted);
  EXPECT_EQ(*wanted, (WantedGroups{{"app", {"id-default", "id-scrape"}}, {"back", {"id-web"}}}));
  // Which group a project has by default is then not known.
  const Result<WantedGroups> some = wanted_groups(server, {known[1]}, {});
  ASSERT_TRUE(some);
  EXPECT_EQ(*some, (WantedGroups{{"back", {"id-web"}}}));
  const Result<WantedGroups> none = wanted_groups(server, {known[0]}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::InvalidArgument);
  EXPECT_TRUE(none.error().message().contains("spec.template.spec.networks[1].securityGroups"))
      << none.error().message();
}

Drift renamed() {
  return {
      .field = "name", .wanted = "'web-1'", .found = "'x'", .correction = RenameServer{"web-1"}};
}

// What was put back and is so again waits longer and longer, and is told once each time.
TEST(Drift, NobodyIsFought) {
  DriftBook book;
  SteadyTime now = SteadyTime(1h);
  for (const auto wait : {0min, 1min, 2min, 4min, 8min, 16min, 32min, 60min, 60min}) {
    SCOPED_TRACE(wait.count());
    std::vector<Drift> drift{renamed()};
    EXPECT_EQ(book.look(drift, now).size(), 1U);
    EXPECT_EQ(drift[0].wait, wait);
    EXPECT_EQ(drift[0].is_due(), wait == 0min);
    std::vector<Drift> later{renamed()};
    EXPECT_TRUE(book.look(later, now + wait).empty()) << "it was told of";
    EXPECT_TRUE(later[0].is_due());
    now += wait;
    book.corrected("name", now, at(0));
    std::vector<Drift> gone;
    EXPECT_TRUE(book.look(gone, now).empty());
  }
  std::vector<Drift> rested{renamed()};
  book.look(rested, now + 3h);
  EXPECT_TRUE(rested[0].is_due());
}

TEST(Drift, AnotherWishIsNoFight) {
  DriftBook book;
  std::vector<Drift> drift{renamed()};
  book.look(drift, SteadyTime(1h));
  book.corrected("name", SteadyTime(1h), at(0));
  drift[0].wanted = "'web-2'";
  EXPECT_EQ(book.look(drift, SteadyTime(1h)).size(), 1U);
  EXPECT_TRUE(drift[0].is_due());
}

TEST(Drift, ARefusalWaitsAndIsTold) {
  DriftBook book;
  std::vector<Drift> drift{renamed()};
  book.look(drift, SteadyTime(1h));
  book.refused("name", "Policy does not allow it", SteadyTime(1h), at(0));
  std::vector<Drift> again{renamed()};
  EXPECT_TRUE(book.look(again, SteadyTime(1h)).empty());
  EXPECT_EQ(again[0].wait, 1min);
  const api::Condition condition = drift_condition(again, std::nullopt);
  EXPECT_EQ(condition.reason, "Waiting");
  EXPECT_EQ(condition.message,
            "name is 'x' instead of 'web-1': the cloud does not let it be put back: Policy does "
            "not allow it; next try at " +
                time_at(60));
}

TEST(Drift, TheConditionNamesFieldWantedAndFound) {
  EXPECT_EQ(drift_condition({}, std::nullopt).status, api::ConditionStatus::True);
  const api::Condition due = drift_condition({renamed()}, std::nullopt);
  EXPECT_EQ(due.status, api::ConditionStatus::False);
  EXPECT_EQ(due.reason, "Progressing");
  EXPECT_TRUE(due.message.starts_with("name is 'x' instead of 'web-1'")) << due.message;
  Drift held = renamed();
  held.times = 3;
  held.wait = 4min;
  held.next_at = time_at(240);
  const api::Condition waiting = drift_condition({held}, std::nullopt);
  EXPECT_EQ(waiting.reason, "Waiting");
  EXPECT_TRUE(waiting.message.contains("(3 times); next try at " + time_at(240)))
      << waiting.message;
  const Drift resized{
      .field = "flavor", .wanted = "'a'", .found = "'b'", .correction = OnlyTell{"do this"}};
  const api::Condition told = drift_condition({renamed(), resized}, std::nullopt);
  EXPECT_EQ(told.reason, "Drifted");
  EXPECT_TRUE(told.message.contains("flavor is 'b' instead of 'a': do this")) << told.message;
  const Error error(ErrorCode::InvalidArgument, "no security group with name \"x\"");
  const api::Condition wrong = drift_condition({}, error);
  EXPECT_EQ(wrong.reason, "InvalidConfiguration");
  EXPECT_EQ(wrong.message, error.message());
  const Error unseen(ErrorCode::Unavailable, "list security groups: 503");
  EXPECT_EQ(drift_condition({}, unseen).status, api::ConditionStatus::Unknown);
  EXPECT_EQ(drift_condition({}, unseen).reason, "ObservationFailed");
  EXPECT_EQ(drift_condition({renamed()}, unseen).reason, "Progressing");
}

// The status keeps what it said while nothing new was compared.
TEST(Drift, TheStatusTellsOfIt) {
  InstanceObserved observed = seen(100, "ACTIVE", TargetView::Up, Probe::Answers);
  observed.drift = {renamed()};
  Instance instance = running_instance();
  instance.status = report_instance(instance, observed, Rest{});
  EXPECT_EQ(condition_text(instance.status.conditions, "UpToDate"), "False Progressing");
  EXPECT_EQ(condition_text(instance.status.conditions, "Ready"), "True Succeeded");
  observed.drift.reset();
  instance.status = report_instance(instance, observed, Rest{});
  EXPECT_EQ(condition_text(instance.status.conditions, "UpToDate"), "False Progressing");
  observed.drift.emplace();
  instance.status = report_instance(instance, observed, Rest{});
  EXPECT_EQ(condition_text(instance.status.conditions, "UpToDate"), "True Succeeded");
  InstanceObserved untrusted;
  untrusted.cloud = InstanceObserved::Cloud::Untrusted;
  instance.status = report_instance(instance, untrusted, Rest{});
  EXPECT_EQ(condition_text(instance.status.conditions, "UpToDate"), "Unknown ObservationFailed");
}

struct Situation {
  std::string name;
  std::string status;
  Drift drift;
  std::string want;
};

TEST(Drift, OnlyARunningServerIsCorrectedAndOnlyWhenItIsDue) {
  Drift asked = renamed();
  asked.asked = true;
  Drift held = renamed();
  held.wait = 1min;
  const Drift told{.field = "image", .wanted = "", .found = "", .correction = OnlyTell{"x"}};
  const std::vector<Situation> situations = {
      {"Due", "ACTIVE", renamed(), "CorrectDrift name"},
      {"Asked", "ACTIVE", asked, "Rest"},
      {"Held", "ACTIVE", held, "Rest"},
      {"OnlyTold", "ACTIVE", told, "Rest"},
      {"Stopped", "SHUTOFF", renamed(), "Rest Waiting"},
      {"Rebooting", "REBOOT", renamed(), "Rest Progressing"},
  };
  for (const Situation& c : situations) {
    SCOPED_TRACE(c.name);
    InstanceObserved observed = seen(100, c.status, TargetView::Up, Probe::Answers);
    observed.drift = {c.drift};
    EXPECT_EQ(describe(plan_instance(running_instance(), observed, kToken)), c.want);
    observed.paused = true;
    EXPECT_EQ(describe(plan_instance(running_instance(), observed, kToken)), "Rest Paused");
  }
  InstanceObserved busy = seen(100, "ACTIVE", TargetView::Up, Probe::Answers);
  busy.drift = {renamed()};
  busy.server->task_state = "resize_prep";
  EXPECT_EQ(describe(plan_instance(running_instance(), busy, kToken)), "Rest");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
