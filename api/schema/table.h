// The columns that `kubectl get` prints, and their cells for one object.

#pragma once

#include "api/schema/json_path.h"
#include "controller/base/json.h"
#include "controller/base/text.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::api {

struct Column {
  std::string name;  // as in the table's header: "Ready"
  std::string type;  // string, integer, number, boolean, date
  std::string format;
  std::string description;
  int priority = 0;              // above 0: shown with -o wide only
  std::optional<JsonPath> path;  // where the value is, or
  std::function<Json(const Json& object, WallTime now)> compute;  // how to make the cell
};

// The part of an object that its cells are made of; what is not named need not be read.
struct Outline {
  bool whole = false;  // all of it; else only
  std::map<std::string, Outline, std::less<>> members;
};

Outline outline_of(const std::vector<Column>& columns);

// `columnDefinitions` of a meta.k8s.io Table.
Json column_definitions(const std::vector<Column>& columns);

// One cell a column, in order: a string, number, boolean, or null where the object has no such
// value or one of another type. Dates become ages as of `now`.
JsonArray table_cells(const std::vector<Column>& columns, const Json& object, WallTime now);

// "3d4h" for a time in RFC 3339; "<invalid>" if malformed or in the future by a second or more.
std::string age_since(std::string_view time, WallTime now);

}  // namespace clickdeploy::api
