// Scenarios of what the swarm has found, and seeds of what can't be told as a scenario.

#include "controller/base/text.h"
#include "tests/simulation/sim_fleet.h"
#include "tests/simulation/swarm.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

bool is_request(const http::Request& request, const char* method, const char* path) {
  return request.method == method && request.url.starts_with(std::string(kCloudOrigin) + path);
}

void drop_network_service(http::Response& response) {
  Json body = parse_json(response.body).value_or(Json());
  Json& token = body.member("token");
  Json kept = Json::array();
  for (const Json& entry : token["catalog"].as_array()) {
    if (entry["type"].as_string() != "network") kept.push_back(entry);
  }
  token.set("catalog", std::move(kept));
  response.body = to_json(body);
}

// It came with a token, which lasts for an hour.
TEST(SwarmFound, ACatalogThatLacksAServiceForAWhileIsReadAgain) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/identity/v3/auth/tokens")) return std::nullopt;
      return NetworkFault{.kind = Kind::Altered, .alter = drop_network_service};
    };
    world.cloud.expire_all_tokens();
    ASSERT_TRUE(world.run_until([&] { return !is_converged(world, 1); }, 3min));
    world.network.faults = nullptr;
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 4min)) << describe(world);
  });
}

// Neither the list nor a look by id shows a server in its first seconds. Its Instance goes then.
TEST(SwarmFound, AServerThatNobodyHasSeenYetDoesNotOutliveItsInstance) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.route(kCloudOrigin, [&world](http::Request request) -> Task<http::Reply> {
      const bool look = request.method == "GET" && request.url.contains("/compute/v2.1/servers/");
      http::Reply reply = co_await world.checker.handle(std::move(request));
      for (const localcloud::Server* server : world.checker.our_servers()) {
        if (!look || world.cloud.now() - server->created >= 20s) continue;
        const bool one = !reply.response.body.contains("\"servers\"");
        if (one) reply.response.status = 404;
        reply.response.body =
            one ? "{\"itemNotFound\": {\"code\": 404, \"message\": \"no\"}}" : "{\"servers\": []}";
      }
      co_return reply;
    });
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return !world.checker.our_servers().empty(); }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min))
        << describe(world);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

// The create was carried out but not answered, and somebody takes the tags away before it was
// looked for: its port leads to it.
TEST(SwarmFound, AServerWithoutTagsIsFoundByItsPort) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/compute/v2.1/servers")) return std::nullopt;
      return NetworkFault{.kind = Kind::TimeOutAfter};
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return !world.checker.our_servers().empty(); }, 1min));
    world.network.faults = nullptr;
    const std::string id = world.checker.our_servers().front()->id;
    world.cloud.mutable_state().servers.at(id).tags.clear();
    EXPECT_TRUE(world.run_until(
        [&] { return is_condition(world.object(kServices, kWeb), "InstancesReady", "True"); },
        10min))
        << describe(world);
    EXPECT_EQ(our_server_ids(world), std::vector<std::string>{id});
  });
}

// The same, and the build fails, so that it has lost its port, too: its metadata tells whose it is.
TEST(SwarmFound, AServerWithoutTagsAndPortIsFoundByItsMetadata) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/compute/v2.1/servers")) return std::nullopt;
      return NetworkFault{.kind = Kind::TimeOutAfter};
    };
    world.cloud.faults().no_valid_host = 1;
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return !world.checker.our_servers().empty(); }, 1min));
    world.network.faults = nullptr;
    const std::string id = world.checker.our_servers().front()->id;
    world.cloud.mutable_state().servers.at(id).tags.clear();
    world.run_for(70s);
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min))
        << describe(world);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

// The list shows the server, but by its id the cloud does not know it yet; its build has failed,
// and somebody has taken its tags away.
TEST(SwarmFound, AServerThatIsListedIsNotGoneForWantOfAnAnswerById) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "GET", "/compute/v2.1/servers/")) return std::nullopt;
      for (const localcloud::Server* server : world.checker.our_servers()) {
        if (!request.url.contains(server->id)) continue;
        if (world.cloud.now() - server->created >= 60s) continue;
        return NetworkFault{.kind = Kind::Status,
                            .status = 404,
                            .body = R"({"itemNotFound": {"code": 404, "message": "no"}})"};
      }
      return std::nullopt;
    };
    world.cloud.faults().no_valid_host = 1;
    apply_fleet(world, 1);
    const auto failed = [&] {
      const auto instances = world.objects(kInstances);
      return !instances.empty() &&
             instances.front().get()["status"]["server"]["state"].as_string() == "ERROR";
    };
    ASSERT_TRUE(world.run_until(failed, 50s)) << describe(world);
    const std::string id = world.checker.our_servers().front()->id;
    world.cloud.mutable_state().servers.at(id).tags.clear();
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min))
        << describe(world);
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

// Somebody deletes the port of a server: without an address no agent ever answers.
TEST(SwarmFound, AServerThatLosesItsPortIsReplaced) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    const localcloud::Port* port = world.checker.our_ports().front();
    const std::string id = port->device_id;
    ASSERT_TRUE(world.cloud.delete_port(port->id));
    ASSERT_TRUE(world.run_until([&] { return world.cloud.find_server(id) == nullptr; }, 10min))
        << describe(world);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 3U);
  });
}

// A log-in that takes a minute, and a clock that is set back meanwhile.
TEST(SwarmFound, ATimeInTheStatusOfACloudIsThatOfTheChange) {
  replay({1, 2}, [](SimWorld& world) {
    bool first = true;
    world.network.faults = [&first](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/identity/v3/auth/tokens")) return std::nullopt;
      if (!std::exchange(first, false)) return std::nullopt;
      return NetworkFault{.kind = Kind::TimeOutAfter};
    };
    apply_fleet(world, 1);
    world.run_for(5s);
    world.shift_wall(-400s);
    const auto told = [&] {
      return !condition(world.object(kClouds, kCloud), "AuthenticationSucceeded").is_null();
    };
    ASSERT_TRUE(world.run_until(told, 3min));
    const Json& authenticated = condition(world.object(kClouds, kCloud), "AuthenticationSucceeded");
    const auto time = parse_time(authenticated["lastTransitionTime"].as_string());
    ASSERT_TRUE(time);
    EXPECT_LE(world.process_wall_now() - *time, 3s);
    EXPECT_GE(world.process_wall_now() - *time, 0s);
  });
}

// The network delivers a create of a port a second time, when the server has its port already.
TEST(SwarmFound, APortThatWasMadeTwiceDoesNotStay) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::Duplicate, .delay = 20s};
    };
    apply_fleet(world, 2);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 4; }, 2min));
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 6min)) << describe(world);
  });
}

// Or when its Instance is long gone.
TEST(SwarmFound, APortThatIsMadeAfterItsInstanceWentDoesNotStay) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::Duplicate, .delay = 3min};
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 1; }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 2min));
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 1; }, 4min));
    EXPECT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 6min));
  });
}

// Or while its Instance goes: what the deletion has seen before that is not the last word.
TEST(SwarmFound, APortThatIsMadeWhileItsInstanceGoesDoesNotOutliveIt) {
  replay({1, 2, 3}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (is_request(request, "POST", "/network/v2.0/ports")) {
        return NetworkFault{.kind = Kind::Duplicate, .delay = 50s};
      }
      if (!is_request(request, "GET", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::LateAnswer, .delay = 20s};
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 1; }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 2; }, 1min))
        << describe(world);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 4min));
    EXPECT_TRUE(world.checker.our_ports().empty());  // S4 was checked at that moment, too
  });
}

// 51684: its log-in takes long, and somebody edits how often it is looked at.
TEST(SwarmFound, ACloudThatIsEditedWhileItLogsInLogsInOnce) {
  replay({1, 2}, [](SimWorld& world) {
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    std::size_t log_ins = 0;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/identity/v3/auth/tokens")) return std::nullopt;
      ++log_ins;
      return NetworkFault{.kind = Kind::LateAnswer, .delay = 40s};
    };
    world.cloud.expire_all_tokens();
    ASSERT_TRUE(world.run_until([&] { return log_ins == 1; }, 1min));
    for (int i = 0; i < 3; ++i) {
      world.patch(kClouds, kCloud,
                  Json::object({{"spec", Json::object({{"pollSeconds", 5 + i}})}}));
      world.run_for(5s);
    }
    EXPECT_EQ(log_ins, 1U);
    world.network.faults = nullptr;
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 3min)) << describe(world);
  });
}

// One that can't be deleted holds up no other.
TEST(SwarmFound, APortThatTheCloudKeepsDoesNotKeepOthers) {
  replay({1, 2}, [](SimWorld& world) {
    std::string kept;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (is_request(request, "POST", "/network/v2.0/ports")) {
        return NetworkFault{.kind = Kind::Duplicate, .delay = 20s};
      }
      if (!is_request(request, "DELETE", "/network/v2.0/ports/")) return std::nullopt;
      if (kept.empty()) kept = request.url;
      if (kept != request.url) return std::nullopt;
      return NetworkFault{.kind = Kind::Status, .status = 409};
    };
    apply_fleet(world, 2);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 4; }, 2min));
    EXPECT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 3; }, 4min));
    EXPECT_TRUE(is_condition(world.object(kClouds, kCloud), "Ready", "True"));
    world.network.faults = nullptr;
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 4min)) << describe(world);
  });
}

// Or its Cloud goes right after it.
TEST(SwarmFound, APortThatIsMadeWhileItsCloudGoesDoesNotStay) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!is_request(request, "POST", "/network/v2.0/ports")) return std::nullopt;
      return NetworkFault{.kind = Kind::Duplicate, .delay = 100s};
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 1; }, 1min));
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().empty(); }, 90s));
    world.remove(kClouds, kCloud);
    ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 1; }, 2min));
    ASSERT_TRUE(world.run_until([&] { return world.objects(kClouds).empty(); }, 6min));
    EXPECT_TRUE(world.checker.our_ports().empty());
  });
}

TEST(SwarmFound, ACloudThatNothingUsesGoesWithinTwoMinutes) {
  replay({1}, [](SimWorld& world) {
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    world.remove(kClouds, kCloud);
    world.run_for(10s);
    EXPECT_EQ(condition(world.object(kClouds, kCloud), "Progressing")["message"].as_string(),
              "finalizer clickdeploy.io/cloud waits until 1 Instance of " + kWeb.text() +
                  " is gone: delete the Services that still use the Cloud");
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return world.objects(kServices).empty(); }, 3min));
    EXPECT_TRUE(world.run_until([&] { return world.objects(kClouds).empty(); }, 2min + 10s));
  });
}

// A server that was made before its policy was observed lacks the agents, and would be replaced.
TEST(SwarmFound, NoServerIsMadeBeforeItsPolicyIsObserved) {
  replay({1, 2}, [](SimWorld& world) {
    world.views.on_event = [](const std::string& url) -> std::optional<EventFault> {
      if (!url.contains("/monitoringpolicies")) return std::nullopt;
      return EventFault{.kind = EventFault::Kind::Late, .delay = 20s};
    };
    apply_fleet(world, 2);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 10min)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 2U);
  });
}

// No cloud promises an order of its lists.
void newest_port_first(http::Response& response) {
  Json body = parse_json(response.body).value_or(Json());
  Json turned = Json::array();
  const auto& ports = body["ports"].as_array();
  for (std::size_t i = ports.size(); i > 0; --i) turned.push_back(ports[i - 1]);
  body.set("ports", std::move(turned));
  response.body = to_json(body);
}

// Each try must use the port of the first one: the try that comes late is then refused. Here the
// second port appears after the process was killed, and the cloud lists it first or last.
void second_try_meets_the_first(SimWorld& world, bool turned) {
  bool sent = false;
  world.network.faults = [&, turned](const http::Request& request) -> std::optional<NetworkFault> {
    if (is_request(request, "POST", "/network/v2.0/ports")) {
      return NetworkFault{.kind = Kind::Duplicate, .delay = 20s};
    }
    if (turned && is_request(request, "GET", "/network/v2.0/ports")) {
      return NetworkFault{.kind = Kind::Altered, .alter = newest_port_first};
    }
    if (sent || !is_request(request, "POST", "/compute/v2.1/servers")) return std::nullopt;
    sent = true;
    return NetworkFault{.kind = Kind::Late, .delay = 90s};
  };
  apply_fleet(world, 1);
  ASSERT_TRUE(world.run_until([&] { return sent; }, 1min));
  world.crash();
  world.boot();
  ASSERT_TRUE(world.run_until([&] { return world.checker.our_ports().size() == 2; }, 1min));
  ASSERT_TRUE(world.run_until([&] { return world.checker.our_servers().size() == 1; }, 85s));
  world.run_for(1min);
  EXPECT_EQ(world.checker.our_servers().size(), 1U);
  EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 2U);
  EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 6min)) << describe(world);
}

TEST(SwarmFound, OfTwoPortsEachTryForAServerUsesTheFirst) {
  for (const bool turned : {false, true}) {
    replay({1, 2}, [turned](SimWorld& world) { second_try_meets_the_first(world, turned); });
  }
}

// What is left of a refused create is deleted, and that is carried out late.
TEST(SwarmFound, APortWhoseDeletionWasNotAnsweredIsNotUsedAgain) {
  replay({1, 2}, [](SimWorld& world) {
    bool refused = false;
    bool deleted = false;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (is_request(request, "POST", "/compute/v2.1/servers") && !std::exchange(refused, true)) {
        return NetworkFault{.kind = Kind::Status,
                            .status = 400,
                            .body = R"({"badRequest": {"code": 400, "message": "a bad moment"}})"};
      }
      if (is_request(request, "DELETE", "/network/v2.0/ports/") && !std::exchange(deleted, true)) {
        return NetworkFault{.kind = Kind::Late, .delay = 100s};
      }
      return std::nullopt;
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 10min)) << describe(world);
    EXPECT_TRUE(deleted);
    world.run_for(3min);
    EXPECT_TRUE(is_converged(world, 1)) << describe(world);
    EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers"), 1U);
  });
}

// The process stands still after the last look of a deletion, and a port that was asked for long
// before is made meanwhile.
TEST(SwarmFound, ADeletionDoesNotEndOnALookThatHasBecomeOld) {
  replay({1, 2}, [](SimWorld& world) {
    std::optional<SteadyTime> asked;
    bool stopped = false;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      const SteadyTime now = world.clock.steady_now();
      if (is_request(request, "POST", "/network/v2.0/ports") && !asked) {
        asked = now;
        return NetworkFault{.kind = Kind::Late, .delay = 135s};
      }
      const bool look =
          is_request(request, "GET", "/network/v2.0/ports") && request.url.contains("description=");
      if (look && asked && now > *asked + 119s && !std::exchange(stopped, true)) world.pause(60s);
      return std::nullopt;
    };
    apply_fleet(world, 1);
    ASSERT_TRUE(world.run_until([&] { return asked.has_value(); }, 1min));
    world.remove(kServices, kWeb);
    const auto gone = [&] { return world.objects(kInstances).empty(); };
    ASSERT_TRUE(world.run_until(gone, 10min)) << describe(world);
    EXPECT_TRUE(stopped);
    EXPECT_TRUE(world.checker.our_ports().empty()) << describe(world);
  });
}

std::string service_with_data_volume() {
  std::string text = service_manifest(1);
  const std::string flavors = "      flavors: [{name: m1.small}]\n";
  return text.insert(text.find(flavors) + flavors.size(),
                     "      volumes: [{name: data, sizeGiB: 20}]\n");
}

// 160196: of two volumes, one of a request that had arrived twice, who had an old copy of the
// record took the one, and the next the other. What is in use is nobody's to clean away.
TEST(SwarmFound, WhoHasAnOldCopyOfTheRecordBeginsToUseNoVolume) {
  replay({1, 2}, [](SimWorld& world) {
    bool looks = false;
    bool old_copy = false;
    int begun = 0;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      const auto& volumes = world.cloud.state().volumes;
      const bool look = request.method == "GET" && request.url.contains("/volumes/detail") &&
                        request.url.contains("clickdeploy_uid");
      if (request.method == "DELETE" && request.url.ends_with("/metadata/clickdeploy_unused")) {
        EXPECT_FALSE(old_copy);
        ++begun;
      }
      if (look) old_copy = false;
      const bool ready = volumes.size() == 1 && volumes.begin()->second.status == "available";
      if (!look || !ready || std::exchange(looks, true)) return std::nullopt;
      return NetworkFault{.kind = Kind::LateAnswer, .delay = 3s};
    };
    world.apply(platform_manifests());
    world.apply(service_with_data_volume());
    ASSERT_TRUE(world.run_until([&] { return looks; }, 5min)) << describe(world);
    const Json& instance = world.objects(kInstances).front();
    const api::ObjectKey key{"shop", instance["metadata"]["name"].as_string()};
    const Json labels = Json::object({{"seen", "by-somebody"}});
    world.patch(kInstances, key, Json::object({{"metadata", Json::object({{"labels", labels}})}}));
    old_copy = true;
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 10min)) << describe(world);
    EXPECT_EQ(begun, 1);
  });
}

// 50394: a Service is made anew under its old name, and the look at the cloud is older than the end
// of its last server. 50588: a server whose Instance a person took away by hand is taken over,
// after a kill. 50762: a token is refused, twice, and calls go on all the time.
TEST(SwarmFound, SeedsThatBrokeAPromise) {
  for (const std::uint64_t seed : {50394U, 50588U, 50762U}) {
    for (const Violation& violation : run_swarm(seed).violations) {
      ADD_FAILURE() << "seed " << seed << " broke " << violation.invariant << ": "
                    << violation.what;
    }
  }
}

}  // namespace
}  // namespace clickdeploy::simulation
