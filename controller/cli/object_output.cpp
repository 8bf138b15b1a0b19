#include "api/schema/json_path.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/cli/object_output_internal.h"

namespace clickdeploy::cli {
namespace {

std::string value_text(const Json& value) {
  return value.is_string() ? value.as_string() : to_json(value);
}

// The inside of {"…"}: \n, \t, \" and \\ .
Result<std::string> unquoted(std::string_view text) {
  Result<Json> value = parse_json(text);
  if (!value || !value->is_string()) {
    return fail(ErrorCode::InvalidArgument,
                "-o jsonpath: {" + std::string(text) + "} is no quoted text");
  }
  return value->as_string();
}

}  // namespace

Result<PathTemplate> PathTemplate::parse(std::string_view text) {
  PathTemplate result;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    if (open != 0) {
      result.parts_.push_back({std::string(text.substr(0, open)), nullptr});
      if (open == std::string_view::npos) break;
      text.remove_prefix(open);
    }
    std::size_t close = 1;
    char quote = 0;
    for (; close < text.size() && (quote != 0 || text[close] != '}'); ++close) {
      const char c = text[close];
      if (quote != 0 && c == '\\') {
        ++close;
      } else if (c == quote) {
        quote = 0;
      } else if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      }
    }
    if (close >= text.size()) {
      return fail(ErrorCode::InvalidArgument, "-o jsonpath: a { has no }");
    }
    const std::string_view inside = trim(text.substr(1, close - 1));
    text.remove_prefix(close + 1);
    if (inside.starts_with('"')) {
      Result<std::string> literal = unquoted(inside);
      if (!literal) return std::unexpected(std::move(literal).error());
      result.parts_.push_back({*std::move(literal), nullptr});
      continue;
    }
    if (inside.starts_with("range") || inside == "end") {
      return fail(ErrorCode::InvalidArgument,
                  "-o jsonpath: range is not supported; write {.items[*].PATH}");
    }
    Result<api::JsonPath> path = api::JsonPath::parse(inside);
    if (!path) return std::unexpected(std::move(path).error().with_context("-o jsonpath"));
    result.parts_.push_back({"", std::make_shared<const api::JsonPath>(*std::move(path))});
  }
  return result;
}

std::string PathTemplate::apply(const Json& object) const {
  std::string text;
  for (const Part& part : parts_) {
    if (part.path == nullptr) {
      text += part.text;
      continue;
    }
    std::vector<std::string> values;
    for (const Json* value : part.path->all(object)) values.push_back(value_text(*value));
    text += join(values, " ");
  }
  return text;
}

Result<ObjectOutput> ObjectOutput::parse(const std::string& text) {
  ObjectOutput output;
  constexpr std::string_view kPath = "jsonpath=";
  if (text.empty()) return output;
  if (text == "wide") {
    output.form_ = Form::Wide;
  } else if (text == "yaml") {
    output.form_ = Form::Yaml;
  } else if (text == "json") {
    output.form_ = Form::Json;
  } else if (text == "name") {
    output.form_ = Form::Name;
  } else if (text.starts_with(kPath)) {
    output.form_ = Form::Path;
    Result<PathTemplate> parsed = PathTemplate::parse(std::string_view(text).substr(kPath.size()));
    if (!parsed) return std::unexpected(std::move(parsed).error());
    output.template_ = *std::move(parsed);
  } else {
    return fail(ErrorCode::InvalidArgument,
                "-o " + text + " is not known; use wide, yaml, json, name or jsonpath={.PATH}");
  }
  return output;
}

std::string ObjectOutput::print(const Json& object) const {
  if (form_ == Form::Yaml) return to_yaml(without_managed_fields(object));
  if (form_ == Form::Path) return template_.apply(object);
  return to_pretty_json(without_managed_fields(object)) + "\n";
}

std::string ObjectOutput::print_name(const api::ResourceInfo& info, const Json& object) const {
  return info.singular + (info.group.empty() ? "" : "." + info.group) + "/" +
         object["metadata"]["name"].as_string() + "\n";
}

Json without_managed_fields(Json object) {
  if (Json* items = object.find("items"); items != nullptr && items->is_array()) {
    for (Json& item : items->array_ref()) item = without_managed_fields(std::move(item));
  }
  if (Json* metadata = object.find("metadata")) metadata->erase("managedFields");
  return object;
}

Json as_list(std::vector<Json> items) {
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "List"},
                       {"items", Json(JsonArray(std::move(items)))},
                       {"metadata", Json::object({{"resourceVersion", ""}})}});
}

}  // namespace clickdeploy::cli
