#include "tests/simulation/checks/canary_check.h"

#include "controller/base/text.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace clickdeploy::simulation {

namespace {

class Listener final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Listener(const CanaryCheck& check) : check_(check) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    check_.look("a line of the log", {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

  const CanaryCheck& check_;
};

// What every base64 text shows that has `text` inside, `offset` bytes after a group's begin.
std::string in_base64(std::string_view text, std::size_t offset) {
  const std::string encoded = base64_encode(std::string(offset, 'x') + std::string(text));
  const std::size_t from = offset == 0 ? 0 : 4;
  const std::size_t whole = (offset + text.size()) / 3 * 4;
  return encoded.substr(from, whole - from);
}

}  // namespace

CanaryCheck::CanaryCheck(Report& report)
    : report_(report), needles_{std::string(kCanary), std::string(kTokenCanary)} {
  for (std::size_t offset = 0; offset < 3; ++offset) needles_.push_back(in_base64(kCanary, offset));
}

CanaryCheck::~CanaryCheck() {
  if (log_before_) spdlog::set_default_logger(std::move(log_before_));
}

void CanaryCheck::listen_to_log() {
  log_before_ = spdlog::default_logger();
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<Listener>(*this)};
  const auto level = log_before_->level();
  if (level != spdlog::level::off) {
    for (const spdlog::sink_ptr& sink : log_before_->sinks()) sinks.push_back(sink);
  }
  auto logger = std::make_shared<spdlog::logger>("", sinks.begin(), sinks.end());
  logger->set_level(std::min(level, spdlog::level::info));
  spdlog::set_default_logger(std::move(logger));
}

void CanaryCheck::look(std::string_view where, std::string_view text) const {
  for (const std::string& needle : needles_) {
    const std::size_t at = text.find(needle);
    if (at == std::string_view::npos) continue;
    // Enough to find the place, and the canary is no secret.
    const std::size_t from = at < 60 ? 0 : at - 60;
    report_.add("S20",
                std::string(where) + " has a secret: …" + std::string(text.substr(from, 120)));
    return;
  }
}

}  // namespace clickdeploy::simulation
