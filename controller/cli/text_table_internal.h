// TextTable: columns in kubectl's style: three spaces between them, at least six characters wide,
// the last one not padded.

#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace clickdeploy::cli {

class TextTable {
 public:
  using Row = std::vector<std::string>;

  void add(Row row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // Writes the rows added since the last call. Columns never get narrower, so rows that come later
  // (of a watch) stand below the earlier ones. Each line starts with `indent`.
  void write(std::ostream& out, const std::string& indent = "");

 private:
  std::vector<Row> rows_;
  std::vector<std::size_t> widths_;
};

// Code points: what a column counts.
std::size_t text_width(const std::string& text);

}  // namespace clickdeploy::cli
