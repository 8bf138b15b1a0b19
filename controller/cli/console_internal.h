// Console: what clickctl says, in one voice: results on the standard output, errors, warnings and
// progress on the standard error.

#pragma once

#include "controller/cli/environment.h"

#include <string>
#include <string_view>

namespace clickdeploy::cli {

class Console {
 public:
  explicit Console(Environment& environment);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Clears a progress line that would otherwise stand in the way.
  std::ostream& out();
  void error(std::string_view message);    // "error: …"
  void warning(std::string_view message);  // "warning: …"
  void note(std::string_view message);     // as it is

  // Something goes on; call it as often as you like. On a terminal one line that is rewritten, else
  // a line of its own at most every 5 s.
  void progress(std::string_view text);
  void end_progress();

  bool utf8() const { return utf8_; }
  bool color() const { return color_; }  // of the standard output

 private:
  Environment& environment_;
  bool utf8_ = false;
  bool color_ = false;
  bool line_open_ = false;
  std::optional<SteadyTime> last_line_;
};

// The text without what a terminal would obey: control characters become "?". Line breaks stay.
std::string printable(std::string_view text);

}  // namespace clickdeploy::cli
