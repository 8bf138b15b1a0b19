// CanaryCheck (S20): credentials that can be told from any other text, looked for wherever text
// leaves the process or stays: logs, events, statuses, answers, files, requests to others.

#pragma once

#include "tests/simulation/sim_report.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spdlog {
class logger;
}

namespace clickdeploy::simulation {

// The password of every simulated credential; what a token of the simulated cloud begins with.
inline constexpr std::string_view kCanary = "~canary-3b1f-password";
inline constexpr std::string_view kTokenCanary = "gAAAAAB";

class CanaryCheck {
 public:
  explicit CanaryCheck(Report& report);
  ~CanaryCheck();
  CanaryCheck(const CanaryCheck&) = delete;
  CanaryCheck& operator=(const CanaryCheck&) = delete;

  // Reads every line of the process's log from here on, until destruction.
  void listen_to_log();

  void look(std::string_view where, std::string_view text) const;

 private:
  Report& report_;
  std::vector<std::string> needles_;  // plain, and as base64 has it at each offset
  std::shared_ptr<spdlog::logger> log_before_;
};

}  // namespace clickdeploy::simulation
