#include "controller/app/dev_screen_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace clickdeploy::app {

namespace {

constexpr std::chrono::seconds kQuiet{5};
constexpr std::chrono::seconds kQuietMax{40};

std::string printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) c = c == '\t' ? ' ' : '?';
  }
  return safe;
}

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40) return 80;
  return size.ws_col;
}

// Counts and cuts by code point, so that no character is cut in two.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string cut(std::string text, std::size_t columns) {
  if (width_of(text) <= columns) return text;
  std::size_t width = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && ++width == columns) break;
    ++end;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

Screen::Screen(Clock& clock)
    : clock_(clock),
      start_(clock.steady_now()),
      last_line_(start_),
      terminal_(isatty(STDOUT_FILENO) == 1),
      columns_(terminal_ ? terminal_columns() : 0) {}

Screen::~Screen() {
  clear_status();
}

double Screen::seconds() const {
  return std::chrono::duration<double>(clock_.steady_now() - start_).count();
}

void Screen::step(std::string_view text) {
  print(fmt::format("[{:5.1f}s] {}", seconds(), printable(text)));
}

void Screen::plain(std::string_view text) {
  print(printable(text));
}

void Screen::wait_for(std::string_view what) {
  const std::string text = printable(what);
  if (terminal_) {
    clear_status();
    if (text.empty()) return;
    const std::string line = fmt::format("[{:5.1f}s] … {}", seconds(), text);
    std::fputs(cut(line, columns_ - 1).c_str(), stdout);
    std::fflush(stdout);
    status_shown_ = true;
    return;
  }
  if (text.empty()) return;
  const bool again = text == last_wait_;
  if (clock_.steady_now() - last_line_ < (again ? quiet_ : kQuiet)) return;
  quiet_ = again ? std::min(quiet_ * 2, kQuietMax) : kQuiet;
  last_wait_ = text;
  step((again ? "still waiting: " : "waiting: ") + text);
}

void Screen::print(const std::string& text) {
  clear_status();
  std::fputs((text + "\n").c_str(), stdout);
  std::fflush(stdout);
  last_line_ = clock_.steady_now();
}

void Screen::clear_status() {
  if (!status_shown_) return;
  std::fputs("\r\x1b[K", stdout);
  std::fflush(stdout);
  status_shown_ = false;
}

std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 3, ' ');
    }
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

}  // namespace clickdeploy::app
