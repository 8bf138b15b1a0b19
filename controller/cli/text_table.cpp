#include "controller/base/utf8.h"
#include "controller/cli/console_internal.h"
#include "controller/cli/text_table_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::size_t kMinWidth = 6;
constexpr std::size_t kPadding = 3;

// One line: what follows a line break is shown as "...".
std::string cell_text(const std::string& text) {
  const std::size_t end = text.find('\n');
  return printable(end == std::string::npos ? text : text.substr(0, end) + "...");
}

}  // namespace

std::size_t text_width(const std::string& text) {
  std::size_t width = 0;
  for (std::string_view rest = text; !rest.empty(); ++width) {
    rest.remove_prefix(std::max<std::size_t>(1, decode_utf8(rest).bytes));
  }
  return width;
}

void TextTable::write(std::ostream& out, const std::string& indent) {
  for (Row& row : rows_) {
    if (widths_.size() < row.size()) widths_.resize(row.size(), kMinWidth);
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = cell_text(row[i]);
      widths_[i] = std::max(widths_[i], text_width(row[i]) + kPadding);
    }
  }
  for (const Row& row : rows_) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths_[i] - text_width(row[i]), ' ');
    }
    out << line << '\n';
  }
  rows_.clear();
}

}  // namespace clickdeploy::cli
