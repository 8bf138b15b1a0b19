#include "tests/apiserver/kubectl_fixture.h"

#include "controller/base/text.h"
#include "tests/testing/paths.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace clickdeploy::apiserver {

using namespace std::chrono_literals;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> kubectl_programs() {
  std::vector<std::string> programs = {"kubectl"};
  const char* named = std::getenv("CLICKDEPLOY_KUBECTL_120");
  const std::string old =
      named != nullptr ? std::string(named)
                       : testing::source_folder() + "/build/tools/kubectl-1.20/usr/bin/kubectl";
  if (std::filesystem::exists(old)) programs.push_back(old);
  return programs;
}

std::string kubectl_version(const ::testing::TestParamInfo<std::string>& row) {
  return row.param == "kubectl" ? "OfPath" : "Old";
}

Kubectl::Kubectl() {
  write("config",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n"
        "  cluster: {server: '" +
            server_.url() +
            "'}\ncontexts:\n- name: c\n  context: {cluster: c, user: u}\n"
            "users:\n- name: u\n  user: {}\n");
}

std::string Kubectl::write(const std::string& name, const std::string& text) {
  std::ofstream(path(name)) << text;
  return path(name);
}

std::vector<std::string> Kubectl::command(std::vector<std::string> words) const {
  std::vector<std::string> argv = {"env", "HOME=" + server_.folder().path(),
                                   "KUBECONFIG=" + path("config"), GetParam(),
                                   "--cache-dir=" + path("cache")};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

ProcessResult Kubectl::kubectl(std::vector<std::string> words) {
  SystemProcessRunner runner;
  Result<ProcessResult> result = runner.run(command(words), 60s);
  EXPECT_TRUE(result.has_value()) << join(words, " ");
  return result ? *result : ProcessResult{255, "", ""};
}

std::string Kubectl::good(std::vector<std::string> words) {
  ProcessResult result = kubectl(words);
  EXPECT_EQ(result.exit_code, 0) << join(words, " ") << "\n" << result.out << result.err;
  return result.out;
}

bool Kubectl::is_old() {
  const std::string version = good({"version", "--client", "-o", "json"});
  return version.find("\"1.20") != std::string::npos || version.find("v1.20") != std::string::npos;
}

void Kubectl::await_watch(int before) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (server_.watches_seen() <= before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  ASSERT_GT(server_.watches_seen(), before);
}

void Kubectl::apply_service() {
  good({"apply", "-f", write("web.yaml", kServiceFile)});
}

}  // namespace clickdeploy::apiserver
