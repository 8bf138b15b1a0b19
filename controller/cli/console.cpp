#include "controller/base/text.h"
#include "controller/cli/console_internal.h"

#include <array>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::seconds kLineEvery{5};
constexpr std::chrono::milliseconds kFrame{120};
constexpr const char* kClearLine = "\r\x1b[K";

// The locale's character set, by the variables that decide it, the strongest first.
bool is_utf8_locale(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = to_lower(environment.variable(name));
    if (value.empty()) continue;
    return value.ends_with("utf-8") || value.ends_with("utf8");
  }
  return false;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) c = c == '\t' ? ' ' : '?';
  }
  return safe;
}

Console::Console(Environment& environment)
    : environment_(environment),
      utf8_(is_utf8_locale(environment)),
      color_(environment.out_is_terminal && environment.variable("NO_COLOR").empty() &&
             environment.variable("TERM") != "dumb") {}

Console::~Console() {
  end_progress();
}

std::ostream& Console::out() {
  end_progress();
  return environment_.out;
}

void Console::error(std::string_view message) {
  note("error: " + std::string(message));
}

void Console::warning(std::string_view message) {
  note("warning: " + std::string(message));
}

void Console::note(std::string_view message) {
  end_progress();
  environment_.out.flush();
  environment_.err << printable(message) << '\n';
}

void Console::progress(std::string_view text) {
  const SteadyTime now = environment_.clock.steady_now();
  if (!environment_.err_is_terminal) {
    if (last_line_ && now - *last_line_ < kLineEvery) return;
    last_line_ = now;
    environment_.err << printable(text) << std::endl;
    return;
  }
  static constexpr std::array<const char*, 4> kWheel = {"|", "/", "-", "\\"};
  static constexpr std::array<const char*, 6> kDots = {"⠋", "⠙", "⠸", "⠴", "⠦", "⠇"};
  const auto frame = static_cast<std::size_t>(now / kFrame);
  environment_.err << kClearLine
                   << (utf8_ ? kDots[frame % kDots.size()] : kWheel[frame % kWheel.size()]) << ' '
                   << printable(text) << std::flush;
  line_open_ = true;
}

void Console::end_progress() {
  if (!line_open_) return;
  environment_.err << kClearLine << std::flush;
  line_open_ = false;
}

}  // namespace clickdeploy::cli
