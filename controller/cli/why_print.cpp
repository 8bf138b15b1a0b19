#include "api/schema/table.h"
#include "controller/cli/console_internal.h"
#include "controller/cli/text_table_internal.h"
#include "controller/cli/why_print_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr const char* kRed = "\x1b[1;31m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kPlain = "\x1b[0m";

class Printer {
 public:
  Printer(std::ostream& out, const ChainStyle& style, WallTime now)
      : out_(out), style_(style), now_(now) {}

  void print(const Chain& chain) {
    print_verdict(chain, "");
    out_ << '\n';
    std::size_t width = 0;
    for (const Link& link : chain.links) width = std::max(width, text_width(link.name));
    for (const Link& link : chain.links) {
      std::string name = link.name;
      name.append(width - text_width(name), ' ');
      const bool first = &link == chain.first_broken();
      out_ << "  "
           << painted(link.state, mark(link.state) + (first ? " " + name : "")) +
                  (first ? "" : " " + name)
           << "   " << evidence(link) << '\n';
      for (const Chain& part : link.details) print_verdict(part, "      ");
    }
  }

 private:
  // What is wrong first, and what to do.
  void print_verdict(const Chain& chain, const std::string& indent) {
    const Link* broken = chain.first_broken();
    if (broken == nullptr) {
      out_ << indent << painted(LinkState::Holds, mark(LinkState::Holds)) << ' ' << chain.title
           << ": every link holds\n";
      return;
    }
    const char* what = broken->state == LinkState::Unknown ? ": not known: " : ": broken at: ";
    out_ << indent
         << painted(broken->state,
                    mark(broken->state) + " " + printable(chain.title) + what + broken->name)
         << '\n';
    out_ << indent << "  " << evidence(*broken) << '\n';
    if (!broken->next.empty()) out_ << indent << "  next: " << line(broken->next) << '\n';
  }

  std::string mark(LinkState state) const {
    if (state == LinkState::Holds) return style_.utf8 ? "✓" : "[ok]";
    if (state == LinkState::Broken) return style_.utf8 ? "✗" : "[!!]";
    return style_.utf8 ? "?" : "[??]";
  }

  std::string painted(LinkState state, const std::string& text) const {
    if (!style_.color) return text;
    const char* color =
        state == LinkState::Holds ? kGreen : (state == LinkState::Broken ? kRed : kYellow);
    return color + text + kPlain;
  }

  std::string evidence(const Link& link) const {
    std::string text = line(link.evidence);
    std::string about = link.state == LinkState::Holds ? "" : line(link.reason);
    if (!link.since.empty()) {
      about += (about.empty() ? "for " : ", for ") + api::age_since(link.since, now_);
    }
    return about.empty() ? text : text + " (" + about + ")";
  }

  static std::string line(const std::string& text) {
    std::string one = printable(text);
    std::ranges::replace(one, '\n', ' ');
    return one;
  }

  std::ostream& out_;
  const ChainStyle& style_;
  WallTime now_;
};

}  // namespace

void print_chain(std::ostream& out, const Chain& chain, const ChainStyle& style, WallTime now) {
  Printer(out, style, now).print(chain);
}

}  // namespace clickdeploy::cli
