// Kubectl: the real kubectl against a live server. Each test runs with every version there is.

#pragma once

#include "controller/async/process.h"
#include "tests/apiserver/live_server.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clickdeploy::apiserver {

// A valid Service of the name web, with two replicas.
inline constexpr const char* kServiceFile = R"(apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata:
  name: web
  namespace: default
  labels: {tier: front}
spec:
  cloudRef: {name: prod}
  replicas: 2
  template:
    spec:
      image: {name: ubuntu}
      flavors: [{name: small}]
      networks: [{name: app, network: {name: net}, scrape: true}]
)";

// `from` must be in the text.
std::string replaced(std::string text, const std::string& from, const std::string& to);

// The kubectl of the PATH, and an old one where the build folder has it.
std::vector<std::string> kubectl_programs();
// The name of a test's version: OfPath or Old.
std::string kubectl_version(const ::testing::TestParamInfo<std::string>& row);

class Kubectl : public ::testing::TestWithParam<std::string> {
 protected:
  Kubectl();

  std::string path(const std::string& name) const { return server_.folder() / name; }
  // A file in the test's folder; its path.
  std::string write(const std::string& name, const std::string& text);
  std::vector<std::string> command(std::vector<std::string> words) const;
  ProcessResult kubectl(std::vector<std::string> words);
  // The output of a command that must succeed.
  std::string good(std::vector<std::string> words);
  bool is_old();
  // Returns when one more watch is open than there were `before`.
  void await_watch(int before);
  void apply_service();

  LiveServer server_;
};

}  // namespace clickdeploy::apiserver
