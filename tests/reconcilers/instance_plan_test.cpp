#include "controller/reconcilers/instance/instance_plan.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using Probe = AgentObserved::Probe;

const std::string kFresh = "ffffffffffffffffffffffffffffffff";

struct PlanCase {
  std::string name;
  Instance instance;
  InstanceObserved observed;
  std::string want;
};

void expect(const std::vector<PlanCase>& cases) {
  for (const PlanCase& c : cases) {
    SCOPED_TRACE(c.name);
    const InstanceAction action = plan_instance(c.instance, c.observed, kFresh);
    EXPECT_EQ(describe(action), c.want) << rest_message(action);
  }
}

InstanceObserved looked_up(std::int64_t seconds, std::vector<openstack::Server> servers,
                           std::vector<Part> ports) {
  InstanceObserved observed = trusted(seconds);
  observed.look_up = TokenLookUp{std::move(servers), std::move(ports)};
  return observed;
}

template <class Change>
InstanceObserved changed(InstanceObserved observed, Change change) {
  change(observed);
  return observed;
}

Instance deleting(Instance instance) {
  instance.metadata.deletion_timestamp = time_at(0);
  return instance;
}

Instance failed_create(std::int64_t attempts, std::int64_t since) {
  Instance instance = with_claim("Intended", since);
  instance.status.claim.attempts = attempts;
  instance.status.remediation.last_reason = "No valid host was found";
  return instance;
}

TEST(PlanInstance, WithoutACloudNothingIsBegun) {
  InstanceObserved missing;
  missing.now = at(0);
  InstanceObserved refused = missing;
  refused.cloud = InstanceObserved::Cloud::NotAllowed;
  InstanceObserved untrusted = missing;
  untrusted.cloud = InstanceObserved::Cloud::Untrusted;
  untrusted.cloud_message = "frozen";
  expect({
      {"MissingCloud", sample_instance(), missing, "Rest Waiting"},
      {"ForbiddenCloud", sample_instance(), refused, "Rest InvalidConfiguration"},
      {"UntrustedCloud", sample_instance(), untrusted, "Rest ObservationFailed"},
      {"UntrustedCloudWithClaim", with_claim("Uncertain"), untrusted, "Rest ObservationFailed"},
      {"UntrustedCloudWithServer", running_instance(), untrusted, "Rest ObservationFailed"},
      {"PausedWithoutClaim", sample_instance(),
       changed(trusted(), [](auto& o) { o.paused = true; }), "Rest Paused"},
      {"PausedWithSilentAgent", running_instance(),
       changed(seen(9'000, "ACTIVE", TargetView::Down, Probe::Silent),
               [](auto& o) { o.paused = true; }),
       "Rest Paused"},
  });
}

TEST(PlanInstance, TheClaimIsSavedBeforeAnythingIsAsked) {
  const InstanceAction action = plan_instance(sample_instance(), trusted(7), kFresh);
  const SaveClaim* save = std::get_if<SaveClaim>(&action);
  ASSERT_NE(save, nullptr);
  EXPECT_EQ(save->claim,
            (api::v1alpha1::Claim{.token = kFresh, .state = "Intended", .since = time_at(7)}));
}

// That a part is asked for is in the record before it is.
Instance asking(Instance instance, std::int64_t since) {
  instance.status.claim.parts_asked = time_at(since);
  return instance;
}

TEST(PlanInstance, IntendedMakesPortsThenBecomesUncertain) {
  auto resolved = [](InstanceObserved observed) {
    observed.resolved = sample_resolved();
    return observed;
  };
  Instance two_networks = with_claim("Intended");
  two_networks.spec.server.networks.push_back({.name = "db", .network = {"", "db-net"}});
  expect({
      {"LooksUpFirst", with_claim("Intended"), trusted(), "LookUpToken"},
      {"ResolvesNext", with_claim("Intended"), looked_up(0, {}, {}), "ResolveThings"},
      {"RecordsThatItAsks", with_claim("Intended"), resolved(looked_up(0, {}, {})),
       "SaveClaim Intended"},
      {"OrAsksAgain", asking(with_claim("Intended"), 0), resolved(looked_up(20, {}, {})),
       "SaveClaim Intended"},
      {"MakesTheMissingPort", asking(with_claim("Intended"), 0), resolved(looked_up(0, {}, {})),
       "CreatePart Port app"},
      {"MakesOnlyTheMissingPort", asking(two_networks, 0),
       resolved(looked_up(0, {}, {sample_port()})), "CreatePart Port db"},
      {"AllPortsThere", with_claim("Intended"), resolved(looked_up(0, {}, {sample_port()})),
       "SaveClaim Uncertain"},
      {"ServerThereAlready", with_claim("Intended"), looked_up(0, {sample_server("s")}, {}),
       "AdoptServer s"},
      {"NoCreateSlot", with_claim("Intended"),
       changed(looked_up(0, {}, {}), [](auto& o) { o.create_slot_free = false; }), "Rest Waiting"},
  });
}

Part floating_ip(const std::string& port) {
  return {.kind = PartKind::FloatingIP, .id = "ip-1", .label = "203.0.113.5", .used_by = port};
}

Instance with_floating_ip(Instance instance) {
  instance.spec.server.floating_ip.emplace();
  instance.spec.server.floating_ip->network.name = "public";
  return instance;
}

// One for each Instance: made before the server, at its port; kept when the server is replaced.
TEST(PlanInstance, AFloatingIPOutlivesServers) {
  auto resolved = [](InstanceObserved observed) {
    observed.resolved = sample_resolved();
    return observed;
  };
  const Instance intended = with_floating_ip(with_claim("Intended"));
  Instance running = with_floating_ip(running_instance());
  const InstanceObserved healthy = seen(100, "ACTIVE", TargetView::Up, Probe::Answers);
  auto amiss = [&](std::vector<Part> parts) {
    InstanceObserved observed = resolved(healthy);
    observed.drift.emplace().push_back({"floatingIP", "at its port", "none", MendPart{}});
    observed.look_up = TokenLookUp{{sample_server("server-1")}, std::move(parts)};
    return observed;
  };
  Instance replaced = running;
  replaced.status.remediation.step = "Replace";
  Instance between = with_floating_ip(sample_instance());
  between.status.resources = {{"FloatingIP", "ip-1", "203.0.113.5", "DOWN"}};
  InstanceObserved replaced_gone = looked_up(0, {}, {sample_port(), floating_ip("port-1")});
  replaced_gone.server_gone = true;
  InstanceObserved kept = looked_up(0, {}, {floating_ip("")});
  kept.server_gone = true;
  InstanceObserved refused = looked_up(1, {}, {floating_ip("")});
  InstanceObserved listed = amiss({});
  listed.look_up->servers_only = true;
  expect({
      {"AfterThePort", asking(intended, 0), resolved(looked_up(0, {}, {sample_port()})),
       "CreatePart FloatingIP "},
      {"BeforeTheServer", intended,
       resolved(looked_up(0, {}, {sample_port(), floating_ip("port-1")})), "SaveClaim Uncertain"},
      {"ReusedAtTheNewPort", intended,
       resolved(looked_up(0, {}, {sample_port(), floating_ip("old-port")})),
       "AttachPart ip-1 to port-1"},
      {"StaysBetweenTries", with_floating_ip(failed_create(1, 0)), refused, "Rest TransientError"},
      {"TakenAway", running, amiss({sample_port(), floating_ip("")}), "AttachPart ip-1 to port-1"},
      {"DeletedBySomebody", asking(running, 100), amiss({sample_port()}), "CreatePart FloatingIP "},
      {"IsRecordedFirst", running, amiss({sample_port()}), "SaveClaim Confirmed"},
      {"ItsPortIsGoneToo", running, amiss({}), "Rest"},
      {"AListOfServersIsNoLookUp", running, listed, "LookUpToken"},
      {"ReplacementTakesThePortOnly", replaced, replaced_gone, "DeletePart Port port-1"},
      {"ReplacementKeepsIt", replaced, kept, "ForgetServer"},
      {"DeletionReleasesItFirst", deleting(running), replaced_gone, "DeletePart FloatingIP ip-1"},
      {"DeletionBetweenTwoServers", deleting(between), trusted(), "LookUpToken"},
      {"ReleasedBetweenTwoServers", deleting(between), looked_up(0, {}, {floating_ip("")}),
       "DeletePart FloatingIP ip-1"},
      {"AttachedAsItShouldBe", running, amiss({sample_port(), floating_ip("port-1")}), "Rest"},
  });
}

TEST(PlanInstance, UncertainNeverCreatesASecondServer) {
  expect({
      {"LooksUpFirst", with_claim("Uncertain"), trusted(), "LookUpToken"},
      {"TheOneMomentToCreate", with_claim("Uncertain"),
       changed(looked_up(0, {}, {}), [](auto& o) { o.may_create = true; }), "CreateServer"},
      {"NotEvenThenIfOneIsThere", with_claim("Uncertain"),
       changed(looked_up(0, {sample_server("s")}, {}), [](auto& o) { o.may_create = true; }),
       "AdoptServer s"},
      {"FoundLater", with_claim("Uncertain"), looked_up(59, {sample_server("s")}, {}),
       "AdoptServer s"},
      {"NotFoundYet", with_claim("Uncertain"), looked_up(59, {}, {sample_port()}),
       "Rest Progressing"},
      {"GivenUpAfterTheWindow", with_claim("Uncertain"), looked_up(60, {}, {sample_port()}),
       "SaveClaim Intended"},
  });
}

TEST(PlanInstance, UncertainLooksAgainAfterGrowingWaits) {
  std::vector<std::int64_t> waits;
  for (std::int64_t second = 0; second < 60;) {
    const InstanceAction action =
        plan_instance(with_claim("Uncertain"), looked_up(second, {}, {}), kFresh);
    const Rest* rest = std::get_if<Rest>(&action);
    ASSERT_NE(rest, nullptr);
    waits.push_back(rest->look_again.count() / 1000);
    second += waits.back();
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 1, 2, 4, 8, 16, 16, 16}));
}

TEST(PlanInstance, OfSeveralServersTheOldestHealthyOneIsAdopted) {
  openstack::Server broken = sample_server("a", "ERROR");
  broken.created = time_at(-30);
  openstack::Server older = sample_server("c");
  older.created = time_at(-20);
  openstack::Server newer = sample_server("b");
  newer.created = time_at(-10);
  expect({
      {"OldestHealthy", with_claim("Uncertain"), looked_up(0, {newer, broken, older}, {}),
       "AdoptServer c"},
      {"OnlyBroken", with_claim("Uncertain"), looked_up(0, {broken}, {}), "AdoptServer a"},
  });
}

TEST(PlanInstance, ASecondServerOfTheClaimIsDeleted) {
  InstanceObserved both = seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked);
  both.look_up = TokenLookUp{{sample_server("server-1"), sample_server("late")}, {}};
  InstanceObserved going = both;
  going.look_up->servers[1].task_state = "deleting";
  InstanceObserved asked = both;
  asked.deleted = {"late"};
  expect({
      {"Deleted", running_instance(), both, "DeleteServer late"},
      {"OnlyOnceWhileItGoes", running_instance(), going, "Rest"},
      {"OnlyOnceInOnePass", running_instance(), asked, "Rest"},
  });
}

TEST(PlanInstance, ConfirmedWaitsForWhatItHasNotSeen) {
  InstanceObserved missing = trusted(100);
  missing.server_missing = true;
  InstanceObserved answers = missing;
  answers.server_gone = false;
  InstanceObserved gone = missing;
  gone.server_gone = true;
  expect({
      {"NotInThisSnapshotYet", running_instance(), trusted(100), "Rest Progressing"},
      {"MissingIsNotGone", running_instance(), missing, "AskById server-1"},
      {"MissingButAnswers", running_instance(), answers, "Rest Progressing"},
      {"GoneOnce", running_instance(), gone, "Rest Progressing"},
      {"NotInTheListOfAYoungOne", running_instance(),
       changed(missing, [](auto& o) { o.now = at(59); }), "Rest Progressing"},
      {"Building", with_claim("Confirmed"),
       seen(10, "BUILD", TargetView::NotPublished, Probe::NotAsked), "Rest Progressing"},
      {"AgentNotScraped", running_instance(),
       seen(10, "ACTIVE", TargetView::Pending, Probe::Answers), "Rest Progressing"},
      {"AllIsWell", running_instance(), seen(10, "ACTIVE", TargetView::Up, Probe::NotAsked),
       "Rest"},
  });
}

TEST(PlanInstance, AFailedCreateWaitsLongerEachTime) {
  struct Row {
    std::int64_t attempts;
    std::int64_t most;
  };
  for (const Row& row : {Row{1, 5}, Row{2, 10}, Row{3, 20}, Row{8, 600}, Row{40, 600}}) {
    SCOPED_TRACE(row.attempts);
    const Instance instance = failed_create(row.attempts, 0);
    const std::chrono::milliseconds wait = create_wait(instance, row.attempts);
    EXPECT_GE(wait, std::chrono::seconds(row.most) / 2);
    EXPECT_LE(wait, std::chrono::seconds(row.most));
    const InstanceAction early = plan_instance(instance, looked_up(0, {}, {}), kFresh);
    EXPECT_EQ(describe(early), "Rest TransientError");
    EXPECT_EQ(std::get<Rest>(early).look_again, wait);
    EXPECT_NE(rest_message(early).find("No valid host"), std::string::npos);
    EXPECT_NE(rest_message(early).find(
                  format_time(std::chrono::round<std::chrono::seconds>(at(0) + wait))),
              std::string::npos);
    EXPECT_EQ(describe(plan_instance(instance, looked_up(row.most, {}, {}), kFresh)),
              "ResolveThings");
  }
}

// Otherwise they would refuse each other again and again.
TEST(PlanInstance, ThoseThatFailedTogetherDoNotTryTogether) {
  std::set<std::chrono::milliseconds> waits;
  for (int i = 0; i < 20; ++i) {
    Instance instance = failed_create(3, 0);
    instance.metadata.uid = "uid-" + std::to_string(i);
    waits.insert(create_wait(instance, 3));
    EXPECT_EQ(create_wait(instance, 3), create_wait(instance, 3));
  }
  EXPECT_EQ(waits.size(), 20U);
  EXPECT_GT(*waits.rbegin() - *waits.begin(), std::chrono::seconds(5));
}

TEST(PlanInstance, AQuotaThatRefusedLateIsToldUntilTheNextTry) {
  Instance raced = sample_instance();
  raced.status.claim.attempts = 2;
  raced.status.remediation.last_reason =
      "the server is in ERROR: Quota exceeded for instances: Requested 1, but already used 5 of 5";
  const InstanceAction save = plan_instance(raced, trusted(), kFresh);
  ASSERT_EQ(describe(save), "SaveClaim Intended");
  raced.status.claim = std::get<SaveClaim>(save).claim;
  EXPECT_EQ(raced.status.claim.attempts, 2);
  const InstanceAction waits = plan_instance(raced, looked_up(0, {}, {}), kFresh);
  EXPECT_EQ(describe(waits), "Rest QuotaExceeded");
  EXPECT_NE(rest_message(waits).find("already used 5 of 5"), std::string::npos);
}

TEST(PlanInstance, NothingIsLeftWhileItCannotBeMade) {
  InstanceObserved wrong = looked_up(0, {}, {sample_port()});
  wrong.resolved = fail(ErrorCode::InvalidArgument, "no image with name \"x\"");
  InstanceObserved cleaned = wrong;
  cleaned.look_up->parts.clear();
  InstanceObserved down = cleaned;
  down.resolved = fail(ErrorCode::Unavailable, "image service is down");
  expect({
      {"InvalidConfigurationRemovesPorts", with_claim("Intended"), wrong, "DeletePart Port port-1"},
      {"ThenItStops", with_claim("Intended"), cleaned, "Rest InvalidConfiguration"},
      {"ATransientErrorDoesNotStop", with_claim("Intended"), down, "Rest TransientError"},
      {"AFailedTryRemovesPortsWhileItWaits", failed_create(2, 0), looked_up(1, {}, {sample_port()}),
       "DeletePart Port port-1"},
  });
}

// No list shows a server; asked by its id, the cloud says 404.
InstanceObserved gone_by_id(std::vector<Part> ports) {
  InstanceObserved observed = looked_up(0, {}, std::move(ports));
  observed.server_gone = true;
  return observed;
}

// No list shows a server, but it answers by its id, with our token or without.
InstanceObserved by_id(openstack::Server server, bool ours) {
  server.tags.clear();
  server.metadata.clear();
  if (ours) server.metadata[std::string(kClaimMetadata)] = kToken;
  InstanceObserved observed = looked_up(0, {}, {});
  observed.server_gone = false;
  observed.server = std::move(server);
  return observed;
}

TEST(PlanInstance, DeletionRemovesServersThenPortsThenTheFinalizer) {
  InstanceObserved untrusted = trusted();
  untrusted.cloud = InstanceObserved::Cloud::Untrusted;
  InstanceObserved no_cloud = untrusted;
  no_cloud.cloud = InstanceObserved::Cloud::Missing;
  Instance released = deleting(running_instance());
  released.metadata.finalizers.clear();
  openstack::Server going = sample_server("server-1");
  going.task_state = "deleting";
  Instance doubtful = deleting(running_instance());
  doubtful.status.claim.parts_asked = time_at(0);
  expect({
      {"NothingWasEverAsked", deleting(sample_instance()), untrusted, "DropFinalizer"},
      {"WaitsForTrust", deleting(running_instance()), untrusted, "Rest Blocked"},
      {"WaitsForTheCloud", deleting(running_instance()), no_cloud, "Rest Blocked"},
      {"LooksUp", deleting(running_instance()), trusted(), "LookUpToken"},
      {"Server", deleting(running_instance()),
       looked_up(0, {sample_server("server-1")}, {sample_port()}), "DeleteServer server-1"},
      {"EveryServer", deleting(running_instance()),
       looked_up(0, {going, sample_server("late")}, {sample_port()}), "DeleteServer late"},
      {"WaitsUntilItIsGone", deleting(running_instance()), looked_up(0, {going}, {sample_port()}),
       "Rest Progressing"},
      // An empty list is no proof: the recorded server is asked for by its id.
      {"AsksById", deleting(running_instance()), looked_up(0, {}, {sample_port()}),
       "AskById server-1"},
      {"ListLags", deleting(running_instance()), by_id(sample_server("server-1"), true),
       "DeleteServer server-1"},
      {"ByIdItGoes", deleting(running_instance()), by_id(going, true), "Rest Progressing"},
      {"SomebodyTookOurMark", deleting(running_instance()), by_id(sample_server("server-1"), false),
       "Rest Blocked"},
      {"Ports", deleting(running_instance()), gone_by_id({sample_port()}),
       "DeletePart Port port-1"},
      {"NothingLeft", deleting(running_instance()), gone_by_id({}), "DropFinalizer"},
      {"IntendedHasNoServer", deleting(with_claim("Intended")), looked_up(0, {}, {sample_port()}),
       "DeletePart Port port-1"},
      {"UncertainWaitsForTheWindow", deleting(with_claim("Uncertain")),
       looked_up(59, {}, {sample_port()}), "Rest Progressing"},
      // A clock that jumps ahead does not end the wait.
      {"UncertainSeenAMomentAgo", deleting(with_claim("Uncertain")),
       changed(looked_up(99, {}, {}), [](auto& o) { o.claim_seen = std::chrono::seconds(5); }),
       "Rest Progressing"},
      {"UncertainAfterTheWindow", deleting(with_claim("Uncertain")),
       looked_up(60, {}, {sample_port()}), "DeletePart Port port-1"},
      // A second port may appear as late as a server; what was seen before that is not the end.
      {"DoubtAboutPartsWaits", doubtful, changed(gone_by_id({}), [](auto& o) { o.now = at(59); }),
       "Rest Progressing"},
      {"AndThenLooksAgain", doubtful,
       changed(gone_by_id({}),
               [](auto& o) {
                 o.now = at(60);
                 o.look_up->in_doubt = true;
               }),
       "LookUpToken"},
      {"WhichIsTheLastWord", doubtful, changed(gone_by_id({}), [](auto& o) { o.now = at(60); }),
       "DropFinalizer"},
      {"UncertainFound", deleting(with_claim("Uncertain")), looked_up(5, {sample_server("s")}, {}),
       "DeleteServer s"},
      {"PausedIsStillDeleted", deleting(running_instance()),
       changed(gone_by_id({}), [](auto& o) { o.paused = true; }), "DropFinalizer"},
      {"NotOursToHold", released, trusted(), "Rest Progressing"},
  });
}

TEST(PlanInstance, ReplacementRemovesEverythingThenStartsAnew) {
  Instance replaced = running_instance();
  replaced.status.remediation.step = "Replace";
  replaced.status.remediation.started_at = time_at(0);
  openstack::Server going = sample_server("server-1");
  going.status = "DELETED";
  expect({
      {"LooksUp", replaced, seen(1, "ERROR", TargetView::Down, Probe::NotAsked), "LookUpToken"},
      {"Server", replaced, looked_up(1, {sample_server("server-1")}, {sample_port()}),
       "DeleteServer server-1"},
      {"Waits", replaced, looked_up(1, {going}, {sample_port()}), "Rest Progressing"},
      {"AsksById", replaced, looked_up(1, {}, {sample_port()}), "AskById server-1"},
      {"Ports", replaced, gone_by_id({sample_port()}), "DeletePart Port port-1"},
      {"Forgets", replaced, gone_by_id({}), "ForgetServer"},
  });
}

TEST(PlanInstance, AFailureEndsThePassWithAReasonThatSaysWhatToDo) {
  struct Row {
    ErrorCode code;
    std::string want;
    std::string words = "the cloud's words";
  };
  for (const Row& row : {Row{ErrorCode::Unavailable, "Rest TransientError"},
                         Row{ErrorCode::ResourceExhausted, "Rest TransientError",
                             "list servers: rate limit: the cloud asks to slow down: HTTP 429"},
                         Row{ErrorCode::InvalidArgument, "Rest InvalidConfiguration"},
                         Row{ErrorCode::ResourceExhausted, "Rest QuotaExceeded"},
                         Row{ErrorCode::PermissionDenied, "Rest Unauthorized"}}) {
    InstanceObserved observed = looked_up(0, {}, {});
    observed.failure = Error(row.code, row.words);
    for (const Instance& instance :
         {sample_instance(), with_claim("Intended"), deleting(running_instance())}) {
      const InstanceAction action = plan_instance(instance, observed, kFresh);
      EXPECT_EQ(describe(action), row.want);
      EXPECT_EQ(rest_message(action), row.words);
    }
  }
}

Part volume(const std::string& name, const std::string& state, bool unused = false,
            const std::string& used_by = "") {
  return {.kind = name.empty() ? PartKind::RootVolume : PartKind::Volume,
          .name = name,
          .id = name.empty() ? "volume-root" : "volume-" + name,
          .label = "web-1-x",
          .state = state,
          .used_by = used_by,
          .unused = unused};
}

Instance with_volumes(Instance instance) {
  instance.spec.server.root_volume = {.size_gib = 10};
  instance.spec.server.volumes = {{.name = "data", .size_gib = 20}};
  return instance;
}

InstanceObserved with_parts(std::vector<Part> volumes) {
  volumes.insert(volumes.begin(), sample_port());
  InstanceObserved observed = looked_up(1, {}, std::move(volumes));
  observed.resolved = sample_resolved();
  return observed;
}

TEST(PlanInstance, VolumesAreReadyBeforeAServerIsAskedFor) {
  const Instance intended = with_volumes(with_claim("Intended"));
  const Instance asked = asking(intended, 0);
  expect({
      {"RecordsThatItAsks", intended, with_parts({}), "SaveClaim Intended"},
      {"RootFirst", asked, with_parts({}), "CreatePart RootVolume "},
      {"ThenTheOthers", asked, with_parts({volume("", "creating", true)}),
       "CreatePart Volume data"},
      {"Waits", intended,
       with_parts({volume("", "creating", true), volume("data", "available", true)}),
       "Rest Progressing"},
      {"TakesTheMarkOff", intended,
       with_parts({volume("", "available", true), volume("data", "available", true)}),
       "BeginUse volume-root"},
      {"OfEach", intended, with_parts({volume("", "available"), volume("data", "available", true)}),
       "BeginUse volume-data"},
      {"ThenTheServer", intended,
       with_parts({volume("", "available"), volume("data", "available")}), "SaveClaim Uncertain"},
      {"CouldNotBeMade", intended,
       with_parts({volume("", "error", true), volume("data", "available", true)}),
       "GiveUpVolume volume-root"},
      {"ErrorOfARootVolume", intended,
       with_parts({volume("", "error"), volume("data", "available")}), "GiveUpVolume volume-root"},
      {"ErrorOfOneThatMayHoldData", intended,
       with_parts({volume("", "available"), volume("data", "error")}), "Rest Blocked"},
      {"StillAtTheOldServer", intended,
       with_parts({volume("", "available"), volume("data", "in-use", false, "server-9")}),
       "Rest Progressing"},
      {"OneThatGoesIsNotUsed", asked,
       with_parts({volume("", "deleting"), volume("data", "available")}), "CreatePart RootVolume "},
  });
  const InstanceObserved late =
      changed(with_parts({volume("", "creating", true), volume("data", "available", true)}),
              [](InstanceObserved& observed) { observed.now = at(1'000); });
  const InstanceAction waits = plan_instance(intended, late, kFresh);
  EXPECT_EQ(describe(waits), "Rest Waiting");
  EXPECT_TRUE(rest_message(waits).contains("startupTimeoutSeconds")) << rest_message(waits);
}

TEST(PlanInstance, VolumesGoAfterTheServerAndAreSeenToGo) {
  const Instance instance = deleting(with_volumes(with_claim("Confirmed")));
  const auto gone = [](std::vector<Part> volumes) {
    InstanceObserved observed = looked_up(100, {}, std::move(volumes));
    observed.server_gone = true;
    return observed;
  };
  Instance known = instance;
  known.status.server.state = "ACTIVE";
  expect({
      {"StillAttached", known, gone({volume("data", "in-use", false, "server-1")}), "Rest Waiting"},
      {"OthersDoNotWait", known,
       gone({volume("", "available"), volume("data", "in-use", false, "server-1")}),
       "DeletePart RootVolume volume-root"},
      {"Free", known, gone({volume("data", "available")}), "DeletePart Volume volume-data"},
      {"InError", known, gone({volume("data", "error")}), "DeletePart Volume volume-data"},
      {"BeingMade", known, gone({volume("data", "creating", true)}), "Rest Waiting"},
      {"Going", known, gone({volume("data", "deleting")}), "Rest Progressing"},
      {"Stuck", known, gone({volume("data", "error_deleting")}), "Rest Blocked"},
      {"Gone", known, gone({}), "DropFinalizer"},
  });
  known.spec.server.volumes[0].deletion_policy = "Keep";
  expect({
      {"Kept", known, gone({volume("data", "available")}), "ReleaseVolume volume-data"},
      {"KeptOnceDetached", known, gone({volume("data", "in-use", false, "server-1")}),
       "Rest Waiting"},
      {"NothingToKeep", known, gone({volume("data", "available", true)}),
       "DeletePart Volume volume-data"},
  });
}

TEST(PlanInstance, AReplacementKeepsDataVolumes) {
  Instance instance = with_volumes(running_instance());
  instance.status.remediation.step = "Replace";
  instance.status.server.state = "ACTIVE";
  InstanceObserved observed =
      looked_up(100, {}, {volume("", "available"), volume("data", "available")});
  observed.server_gone = true;
  expect({{"RootGoes", instance, observed, "DeletePart RootVolume volume-root"}});
  observed.look_up->parts = {volume("", "deleting"), volume("data", "available")};
  expect({{"IsAwaited", instance, observed, "Rest Progressing"}});
  observed.look_up->parts = {volume("data", "available")};
  expect({{"DataStay", instance, observed, "ForgetServer"}});
}

TEST(PlanInstance, ADetachedVolumeIsAttachedAgain) {
  const Instance instance = with_volumes(running_instance());
  InstanceObserved observed = seen(100, "ACTIVE", TargetView::Up, Probe::NotAsked);
  Drift drift{.field = "volume data",
              .wanted = "",
              .found = "",
              .correction = MendPart{PartKind::Volume, "data"}};
  observed.drift = {drift};
  expect({{"LooksFirst", instance, observed, "LookUpToken"}});
  observed.look_up =
      TokenLookUp{{}, {sample_port(), volume("", "in-use"), volume("data", "available")}};
  expect({{"Attaches", instance, observed, "AttachPart volume-data to server-1"}});
  observed.look_up->parts.pop_back();
  expect({{"NeverAnEmptyOne", instance, observed, "Rest"}});
}

}  // namespace
}  // namespace clickdeploy::reconcilers
