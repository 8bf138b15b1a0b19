// ObjectOutput: how -o wants objects printed.

#pragma once

#include "api/scheme.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::api {
class JsonPath;
}

namespace clickdeploy::cli {

// A kubectl template: text with {.path} in between; {"\n"} is text with escapes. Several results of
// one path are joined by a space.
class PathTemplate {
 public:
  static Result<PathTemplate> parse(std::string_view text);
  std::string apply(const Json& object) const;

 private:
  struct Part {
    std::string text;
    std::shared_ptr<const api::JsonPath> path;  // null: text
  };
  std::vector<Part> parts_;
};

class ObjectOutput {
 public:
  enum class Form : std::uint8_t { Table, Wide, Yaml, Json, Name, Path };

  // `text` as after -o; InvalidArgument names what may stand there.
  static Result<ObjectOutput> parse(const std::string& text);

  Form form() const { return form_; }
  bool is_table() const { return form_ == Form::Table || form_ == Form::Wide; }

  // Not for tables. The text of one object, or of a list, ending in a line break where kubectl's
  // does.
  std::string print(const Json& object) const;
  std::string print_name(const api::ResourceInfo& info, const Json& object) const;

 private:
  Form form_ = Form::Table;
  PathTemplate template_;
};

// Without what only machines read.
Json without_managed_fields(Json object);
Json as_list(std::vector<Json> items);

}  // namespace clickdeploy::cli
