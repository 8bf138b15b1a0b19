#include "api/schema/table.h"
#include "controller/cli/object_table_internal.h"

#include <algorithm>

namespace clickdeploy::cli {
namespace {

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.as_string() : to_json(cell);
}

std::string labels_text(const Json& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels.as_object())
    parts.push_back(key + "=" + value.as_string());
  return parts.empty() ? "<none>" : join(parts, ",");
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

}  // namespace

TextTable::Row ObjectTable::header() const {
  TextTable::Row row;
  if (options_.with_namespace) row.emplace_back("NAMESPACE");
  for (const api::Column& column : info_.columns) {
    if (column.priority == 0 || options_.wide) row.push_back(upper(column.name));
  }
  if (options_.with_labels) row.emplace_back("LABELS");
  return row;
}

TextTable::Row ObjectTable::row(const Json& object, WallTime now) const {
  TextTable::Row row;
  const Json& metadata = object["metadata"];
  if (options_.with_namespace) row.push_back(metadata["namespace"].as_string());
  const JsonArray cells = api::table_cells(info_.columns, object, now);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (info_.columns[i].priority != 0 && !options_.wide) continue;
    const bool is_name = info_.columns[i].name == "Name";
    std::string text = cell_text(cells[i]);
    if (is_name && options_.with_kind) {
      text = info_.singular + (info_.group.empty() ? "" : "." + info_.group) + "/" + text;
    }
    row.push_back(std::move(text));
  }
  if (options_.with_labels) row.push_back(labels_text(metadata["labels"]));
  return row;
}

}  // namespace clickdeploy::cli
