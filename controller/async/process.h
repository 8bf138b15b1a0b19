// ProcessRunner: runs one program to its end (promtool). Blocks; use run_on.

#pragma once

#include "controller/base/error.h"

#include <chrono>
#include <string>
#include <vector>

namespace clickdeploy {

struct ProcessResult {
  int exit_code = 0;  // 128 + signal if one ended it
  std::string out;    // each cut at 1 MiB
  std::string err;
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;

  // argv[0] is looked up in PATH. Standard input is empty. NotFound if there is no such program;
  // DeadlineExceeded if it had to be killed.
  virtual Result<ProcessResult> run(const std::vector<std::string>& argv,
                                    std::chrono::milliseconds deadline) = 0;
};

class SystemProcessRunner final : public ProcessRunner {
 public:
  Result<ProcessResult> run(const std::vector<std::string>& argv,
                            std::chrono::milliseconds deadline) override;
};

}  // namespace clickdeploy
