// What the tests of the checks have in common: a clock that stands, a report that is read, and
// events made by hand.

#pragma once

#include "controller/store/object_store.h"
#include "tests/simulation/sim_report.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace clickdeploy::simulation {

class StillClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return now; }
  WallTime wall_now() const override { return WallTime{} + now; }
  Task<void> sleep(std::chrono::nanoseconds) override { co_return; }

  SteadyTime now{0};
};

class Checks : public ::testing::Test {
 protected:
  Checks() {
    report_.sink = [](const Violation&) {};
  }

  // What was reported since the last call: ids, each once.
  std::string broken() {
    std::string ids;
    for (std::size_t i = told_; i < report_.violations().size(); ++i) {
      ids += (ids.empty() ? "" : " ") + report_.violations()[i].invariant;
    }
    told_ = report_.violations().size();
    return ids;
  }

  StillClock clock_;
  Report report_{clock_};

 private:
  std::size_t told_ = 0;
};

inline const std::string kServices = "services.clickdeploy.io";
inline const std::string kInstances = "instances.clickdeploy.io";
inline const std::string kClouds = "clouds.clickdeploy.io";

inline store::Event event_of(store::EventType type, const std::string& resource,
                             const std::string& name, store::Revision revision,
                             store::DocumentPtr previous = nullptr,
                             const std::string& home = "shop") {
  auto document = std::make_shared<store::Document>();
  document->key = {resource, home, name};
  document->revision = revision;
  document->bytes = R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" +
                    std::to_string(revision) + "\"}}";
  return {.type = type, .document = document, .previous = std::move(previous)};
}

}  // namespace clickdeploy::simulation
