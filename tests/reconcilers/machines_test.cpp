#include "controller/reconcilers/cloud/machines.h"

#include "controller/reconcilers/instance/instance_plan.h"
#include "tests/fakes/fake_machines.h"
#include "tests/reconcilers/samples.h"
#include "tests/testing/manual_clock.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <exception>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::HostStatus;
using openstack::Server;
using std::chrono::seconds;

const std::string kCluster = "5a0d1e2f";

class MachinesOf : public ::testing::Test {
 protected:
  MachinesOf() {
    spec_.type = "Hosts";
    spec_.ssh = api::v1alpha1::SshSpec{.user = "root", .key = {"lab", "key"}};
    for (const char* name : {"a", "b", "c"}) {
      const std::string address = std::string("192.0.2.") + std::to_string(name[0]);
      spec_.hosts.push_back({.name = name, .address = address, .labels = {{"rack", name}}});
      shell_.machines[address];
    }
    follow();
  }
  ~MachinesOf() override {
    tasks_.cancel();
    io_.restart();
    io_.run();
  }

  void follow(const std::vector<HostStatus>& known = {}) {
    machines_.follow(spec_, SecretString("pem"), known);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result.emplace(std::move(value));
    });
    io_.restart();
    while (!result && io_.run_one() > 0) {
    }
    return *std::move(result);
  }

  openstack::CloudSnapshot sweep() { return run(machines_.sweep()).value(); }

  // As an Instance takes one.
  Result<std::string> take(const std::string& host, const std::string& token) {
    openstack::ServerCreate create;
    create.host = host;
    create.metadata = {{std::string(kClusterMetadata), kCluster},
                       {std::string(kClaimMetadata), token},
                       {std::string(kInstanceMetadata), "demo/web-1"}};
    return run(machines_.create_server(std::move(create)));
  }
  std::string take_one(const std::string& token) {
    const Result<std::string> host = machines_.choose(token, std::nullopt);
    EXPECT_TRUE(host) << host.error().message();
    Result<std::string> id = take(*host, token);
    EXPECT_TRUE(id) << id.error().message();
    EXPECT_EQ(id.value_or(""), *host);
    return id.value_or("");
  }
  fakes::FakeMachine& machine(char name) {
    return shell_.machines.at("192.0.2." + std::to_string(name));
  }
  HostStatus status(const std::string& name) {
    for (const HostStatus& host : machines_.statuses()) {
      if (host.name == name) return host;
    }
    return {};
  }

  boost::asio::io_context io_{1};
  testing::ManualClock clock_;
  fakes::FakeMachines shell_;
  TaskGroup tasks_{io_.get_executor()};
  api::v1alpha1::CloudSpec spec_;
  Machines machines_{shell_, clock_, tasks_, "demo/lab", kCluster};
};

TEST_F(MachinesOf, AFreeMachineIsTakenAndShowsAsAServerWithTheClaimsMarks) {
  EXPECT_TRUE(sweep().servers.empty());
  const std::string id = take_one("0123456789");
  EXPECT_EQ(id, "demo/lab/a/01234567");
  const openstack::CloudSnapshot snapshot = sweep();
  ASSERT_EQ(snapshot.servers.size(), 1U);
  const Server& server = snapshot.servers.at(id);
  EXPECT_EQ(server.status, "ACTIVE");
  EXPECT_EQ(mark_of(server, kInstanceMetadata), "demo/web-1");
  EXPECT_EQ(server.tags, (std::vector{claim_tag("0123456789"), cluster_tag(kCluster)}));
  EXPECT_EQ(snapshot.quota.instances, (openstack::QuotaUse{.limit = 3, .used = 1}));
  EXPECT_EQ(status("a").state, "Taken");
  EXPECT_EQ(status("a").instance, "demo/web-1");
  EXPECT_EQ(status("a").host_key, "ssh-ed25519 AAAA");
  EXPECT_EQ(status("b").state, "Free");
}

TEST_F(MachinesOf, WhatOneHasChosenNoOtherChooses) {
  sweep();
  EXPECT_EQ(machines_.choose("one", std::nullopt).value(), "demo/lab/a/one");
  EXPECT_EQ(machines_.choose("one", std::nullopt).value(), "demo/lab/a/one");
  EXPECT_EQ(machines_.choose("two", std::nullopt).value(), "demo/lab/b/two");
  const auto rack_c = api::LabelSelector::parse("rack=c").value();
  EXPECT_EQ(machines_.choose("three", rack_c).value(), "demo/lab/c/three");
  const Result<std::string> none = machines_.choose("four", std::nullopt);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::ResourceExhausted);
  EXPECT_NE(none.error().message().find("of 3 machines that match 3 are taken, 0 are free"),
            std::string::npos);
  clock_.advance(seconds(121));  // whoever it was did not come back
  EXPECT_TRUE(machines_.choose("four", std::nullopt));
}

TEST_F(MachinesOf, AMachineThatAnotherOneMarkedMeanwhileIsNotTaken) {
  sweep();
  const std::string host = machines_.choose("mine", std::nullopt).value();
  machine('a').mark = "clickdeploy_claim=theirs\nclickdeploy_cluster=other\n";
  const Result<std::string> id = take(host, "mine");
  ASSERT_FALSE(id);
  EXPECT_TRUE(openstack::certainly_not_done(id.error()));
  EXPECT_NE(id.error().code(), ErrorCode::Conflict);  // that would leave it open
  EXPECT_EQ(status("a").state, "Foreign");
  EXPECT_EQ(machines_.choose("mine", std::nullopt).value(), "demo/lab/b/mine");
  EXPECT_EQ(machines_.count(std::nullopt).foreign, 1);
}

TEST_F(MachinesOf, WhatAnotherOneWroteFitsIntoTheStatus) {
  machine('a').mark = "clickdeploy_instance=" + std::string(500, 'x') + "\n";
  sweep();
  EXPECT_EQ(status("a").state, "Foreign");
  EXPECT_EQ(status("a").instance, std::string(320, 'x'));
}

TEST_F(MachinesOf, ALostAnswerIsUncertainAndTheMachineTellsTheOutcome) {
  sweep();
  const std::string host = machines_.choose("mine", std::nullopt).value();
  shell_.after = [](const std::string&, const std::string& what) -> Result<void> {
    if (what != "take") return {};
    return fail(ErrorCode::DeadlineExceeded, "no answer in time");
  };
  const Result<std::string> id = take(host, "mine");
  ASSERT_FALSE(id);
  EXPECT_FALSE(openstack::certainly_not_done(id.error()));
  const auto found = run(machines_.get_server(host));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((**found).id, host);
  EXPECT_EQ(run(machines_.list_servers(claim_tag("mine")))->size(), 1U);

  // One that was never reached has certainly not been taken.
  shell_.after = nullptr;
  machine('b').reachable = false;
  const Result<std::string> other = take("demo/lab/b/else", "else");
  ASSERT_FALSE(other);
  EXPECT_TRUE(openstack::certainly_not_done(other.error())) << other.error().message();
}

TEST_F(MachinesOf, OneThatCannotBeReachedIsUnknownAndNeverAbsent) {
  sweep();
  const std::string id = take_one("mine");
  sweep();
  machine('a').reachable = false;
  clock_.advance(seconds(1));
  const openstack::CloudSnapshot snapshot = sweep();
  ASSERT_TRUE(snapshot.servers.contains(id));
  EXPECT_EQ(snapshot.servers.at(id).status, "UNKNOWN");
  EXPECT_EQ(status("a").state, "Unreachable");
  EXPECT_NE(status("a").message.find("machine a at 192.0.2.97: No route to host"),
            std::string::npos);
  EXPECT_FALSE(run(machines_.get_server(id)));
  EXPECT_FALSE(run(machines_.list_servers(claim_tag("mine"))));
  EXPECT_EQ(machine('a').mark.empty(), false);

  // It is left alone for a while, and the others are not.
  const std::size_t before = shell_.looks;
  sweep();
  EXPECT_EQ(shell_.looks - before, 2U);
  machine('a').reachable = true;
  clock_.advance(seconds(31));
  EXPECT_EQ(sweep().servers.at(id).status, "ACTIVE");
}

TEST_F(MachinesOf, WhatWasRecordedStandsForWhatHasNotBeenSeenYet) {
  machine('a').reachable = false;
  Machines fresh(shell_, clock_, tasks_, "demo/lab", kCluster);
  fresh.follow(spec_, SecretString("pem"),
               {{.name = "a",
                 .address = "192.0.2.97",
                 .port = 22,
                 .state = "Taken",
                 .server_id = "demo/lab/a/mine",
                 .instance = "demo/web-1",
                 .host_key = "ssh-ed25519 AAAA"}});
  const openstack::CloudSnapshot snapshot = run(fresh.sweep()).value();
  ASSERT_TRUE(snapshot.servers.contains("demo/lab/a/mine"));
  EXPECT_EQ(snapshot.servers.at("demo/lab/a/mine").status, "UNKNOWN");
}

TEST_F(MachinesOf, AnotherHostKeyIsAnotherMachineUntilThePersonSaysSo) {
  sweep();
  machine('b').host_key = "ssh-ed25519 BBBB";
  clock_.advance(seconds(1));
  sweep();
  EXPECT_EQ(status("b").state, "Unreachable");
  EXPECT_NE(status("b").message.find("host key"), std::string::npos);
  spec_.hosts[1].host_key = "ssh-ed25519 BBBB";
  follow();
  sweep();
  EXPECT_EQ(status("b").state, "Free");
}

TEST_F(MachinesOf, LetGoItIsFreeAndKeepsItsAgents) {
  sweep();
  const std::string id = take_one("mine");
  machine('a').installed = "1f2e3d4c";
  ASSERT_TRUE(run(machines_.let_go(id)));
  EXPECT_EQ(machine('a').mark, "");
  EXPECT_EQ(machine('a').installed, "1f2e3d4c");
  EXPECT_EQ(status("a").state, "Free");
}

TEST_F(MachinesOf, GivenBackAndTakenAgainItIsAnotherServer) {
  sweep();
  const std::string first = take_one("first");
  ASSERT_TRUE(run(machines_.delete_server(first)));
  EXPECT_EQ(machine('a').mark, "");
  EXPECT_EQ(run(machines_.get_server(first)).value(), std::nullopt);
  const std::string second = take_one("second");
  EXPECT_NE(second, first);
  EXPECT_EQ(run(machines_.get_server(first)).value(), std::nullopt);
  // Deleting what it was leaves alone what it is.
  ASSERT_TRUE(run(machines_.delete_server(first)));
  EXPECT_NE(machine('a').mark.find("second"), std::string::npos);
}

TEST_F(MachinesOf, ATakenOneThatTheSpecNoLongerHasIsRetiredUntilItIsGivenBack) {
  sweep();
  const std::string id = take_one("mine");
  sweep();
  const std::vector<HostStatus> known = machines_.statuses();
  spec_.hosts.erase(spec_.hosts.begin(), spec_.hosts.begin() + 2);  // a is taken, b is free
  follow(known);
  sweep();
  EXPECT_TRUE(machines_.is_retired(id));
  EXPECT_NE(status("a").message.find("no longer in spec.hosts"), std::string::npos);
  EXPECT_EQ(status("b").name, "");
  EXPECT_EQ(machines_.count(std::nullopt).all, 1);
  ASSERT_TRUE(run(machines_.delete_server(id)));
  sweep();
  EXPECT_EQ(status("a").name, "");
}

TEST_F(MachinesOf, InstallsOnItsOwnMachineOnly) {
  sweep();
  const std::string id = take_one("mine");
  agents::UserDataInput input;
  input.instance_uid = "7c1b2c3d-0000-4000-8000-9a8b7c6d5e4f";
  ASSERT_TRUE(run(machines_.install(id, input)));
  const openstack::CloudSnapshot snapshot = sweep();
  EXPECT_EQ(snapshot.servers.at(id).agents_mark,
            agents::machine_settings(input.instance_uid, input.agents));
  EXPECT_FALSE(run(machines_.install("demo/lab/a/other", input)));
  ASSERT_TRUE(run(machines_.run(id, {"systemctl", "restart", "x"}, seconds(5))));
  EXPECT_EQ(machine('a').commands, std::vector<std::string>{"systemctl restart x"});
}

TEST_F(MachinesOf, AreNeitherRebootedNorRenamed) {
  EXPECT_FALSE(run(machines_.reboot_server("demo/lab/a/x", openstack::RebootType::Hard)));
  EXPECT_FALSE(run(machines_.rename_server("demo/lab/a/x", "y")));
  EXPECT_FALSE(run(machines_.set_server_metadata("demo/lab/a/x", {})));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
