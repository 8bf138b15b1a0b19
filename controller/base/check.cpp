#include "controller/base/check.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace clickdeploy {

void check_failed(std::string_view condition, std::string_view message, std::string_view file,
                  int line) {
  spdlog::critical("CHECK({}) failed at {}:{}: {}", condition, file, line, message);
  spdlog::default_logger_raw()->flush();
  std::abort();
}

}  // namespace clickdeploy
