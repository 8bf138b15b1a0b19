// Screen: what dev says, line by line with the time since its start, and on a terminal one line
// below them that is rewritten: what is being waited for.
//
// Threads: one. Foreign text is made printable: no control character reaches the terminal.

#pragma once

#include "controller/async/clock.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::app {

class Screen {
 public:
  explicit Screen(Clock& clock);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void step(std::string_view text);   // "[ 12.1s] text"
  void plain(std::string_view text);  // without the time; may have several lines

  // What is being waited for; "" ends it. On a terminal it stands in a line of its own; else it is
  // printed when nothing was said for 5 s, and the same text again after longer and longer times.
  void wait_for(std::string_view what);

  double seconds() const;  // since the start

 private:
  void print(const std::string& text);
  void clear_status();

  Clock& clock_;
  SteadyTime start_;
  SteadyTime last_line_;
  bool terminal_;
  std::size_t columns_;
  bool status_shown_ = false;
  std::string last_wait_;          // as printed
  std::chrono::seconds quiet_{0};  // before it is printed again
};

// Columns as wide as their widest cell, the first row in front; each line begins with `indent`.
std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         std::string_view indent);

}  // namespace clickdeploy::app
