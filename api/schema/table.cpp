#include "api/schema/table.h"

namespace clickdeploy::api {
namespace {

// Strings as they are, everything else as JSON: how a JSONPath result is printed.
std::string printed(const Json& value) {
  return value.is_string() ? value.as_string() : to_json(value);
}

Json cell(const Column& column, const Json& object, WallTime now) {
  if (column.compute) return column.compute(object, now);
  const Json* value = column.path ? column.path->first(object) : nullptr;
  if (!value || value->is_null()) return nullptr;
  if (column.type == "integer") return value->is_int() ? *value : Json();
  if (column.type == "number") return value->is_number() ? *value : Json();
  if (column.type == "boolean") return value->is_bool() ? *value : Json();
  if (column.type == "date") return age_since(value->as_string(), now);
  return printed(*value);
}

}  // namespace

Outline outline_of(const std::vector<Column>& columns) {
  Outline outline;
  for (const Column& column : columns) {
    Outline* part = &outline;
    if (column.path) {
      for (const std::string& name : column.path->leading_members()) part = &part->members[name];
    }
    part->whole = part->whole || column.path || column.compute;
  }
  return outline;
}

Json column_definitions(const std::vector<Column>& columns) {
  JsonArray definitions;
  for (const Column& column : columns) {
    definitions.push_back(Json::object({{"name", column.name},
                                        {"type", column.type},
                                        {"format", column.format},
                                        {"description", column.description},
                                        {"priority", column.priority}}));
  }
  return definitions;
}

JsonArray table_cells(const std::vector<Column>& columns, const Json& object, WallTime now) {
  JsonArray cells;
  cells.reserve(columns.size());
  for (const Column& column : columns) cells.push_back(cell(column, object, now));
  return cells;
}

std::string age_since(std::string_view time, WallTime now) {
  const std::optional<WallTime> then = parse_time(time);
  if (!then) return "<invalid>";
  const auto age = now - *then;
  if (age <= -std::chrono::seconds(1)) return "<invalid>";
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(age));
}

}  // namespace clickdeploy::api
