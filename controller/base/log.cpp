#include "controller/base/log.h"

#include "controller/base/json.h"
#include "controller/base/text.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace clickdeploy {

namespace {

class JsonLineFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string line = to_json(Json::object({
        {"level", to_text(spdlog::level::to_string_view(message.level))},
        {"message", to_text(message.payload)},
        {"time", format_micro_time(message.time)},
    }));
    out.append(line.data(), line.data() + line.size());
    out.push_back('\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLineFormatter>();
  }

 private:
  static std::string to_text(spdlog::string_view_t view) { return {view.data(), view.size()}; }
};

}  // namespace

void set_up_logging(const LogOptions& options) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const spdlog::level::level_enum level = spdlog::level::from_str(options.level);
  const bool known = level != spdlog::level::off || options.level == "off";
  logger->set_level(known ? level : spdlog::level::info);
  if (options.json) {
    logger->set_formatter(std::make_unique<JsonLineFormatter>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
  }
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace clickdeploy
