#include "controller/apiserver/request_internal.h"
#include "controller/base/text.h"

#include <charconv>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

namespace clickdeploy::apiserver {

Answer<ApiRequest> ApiRequest::read(http::Request request) {
  ApiRequest result;
  result.method = std::move(request.method);
  result.headers = std::move(request.headers);
  result.body = std::move(request.body);

  const std::string& url = request.url;
  const std::size_t mark = url.find('?');
  result.path = url.substr(0, mark);
  if (mark != std::string::npos) {
    auto query = parse_query(std::string_view(url).substr(mark + 1));
    if (!query) return bad_request("the query of the request is malformed");
    result.query = std::move(*query);
  }
  for (const std::string& part : split(result.path, '/')) {
    if (part.empty()) continue;
    std::optional<std::string> segment = unescape_url(part);
    if (!segment) return bad_request("the path of the request is malformed");
    result.segments.push_back(std::move(*segment));
  }
  return result;
}

std::string ApiRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

bool ApiRequest::has_parameter(std::string_view name) const {
  return !parameters(name).empty();
}

std::vector<std::string> ApiRequest::parameters(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

bool ApiRequest::flag(std::string_view name) const {
  if (!has_parameter(name)) return false;
  const std::string value = to_lower(parameter(name));
  return value != "false" && value != "0";
}

std::string ApiRequest::header(std::string_view name) const {
  const std::string* value = http::find_header(headers, name);
  return value == nullptr ? std::string() : *value;
}

std::string ApiRequest::media_type() const {
  const std::string value = header("Content-Type");
  return to_lower(trim(std::string_view(value).substr(0, value.find(';'))));
}

std::string AcceptClause::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

namespace {

// The client's own number first, then what is named before what is only meant by a star.
using Preference = std::tuple<double, bool, bool>;

Preference preference(const AcceptClause& clause) {
  const std::string text = clause.parameter("q");
  double quality = 1;
  if (!text.empty()) std::from_chars(text.data(), text.data() + text.size(), quality);
  return {quality, !clause.media_type.starts_with('*'), !clause.media_type.ends_with('*')};
}

}  // namespace

std::vector<AcceptClause> parse_accept(std::string_view header) {
  std::multimap<Preference, AcceptClause, std::greater<>> preferred;
  for (const std::string& text : split(header, ',')) {
    AcceptClause clause;
    bool first = true;
    for (const std::string& part : split(text, ';')) {
      const std::string_view word = trim(part);
      const std::size_t equals = word.find('=');
      if (first) {
        clause.media_type = to_lower(word);
      } else if (equals != std::string_view::npos) {
        clause.parameters.emplace_back(trim(word.substr(0, equals)), trim(word.substr(equals + 1)));
      }
      first = false;
    }
    if (clause.media_type.empty()) continue;
    Preference how_much = preference(clause);
    preferred.emplace(how_much, std::move(clause));
  }
  std::vector<AcceptClause> clauses;
  for (auto& [how_much, clause] : preferred) clauses.push_back(std::move(clause));
  return clauses;
}

namespace {

constexpr std::string_view kWatchMediaTypes =
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

// The form that `as=` asks for; nullopt if this server has none such.
std::optional<Form> wanted_form(const AcceptClause& clause, Shape shape) {
  const std::string as = clause.parameter("as");
  if (as.empty()) return Form::Object;
  const std::string version = clause.parameter("v");
  if (clause.parameter("g") != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) {
    return std::nullopt;
  }
  if (as == "Table") return Form::Table;
  const std::string_view partial =
      shape == Shape::List ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  if (as == partial) return Form::PartialMetadata;
  return std::nullopt;
}

bool is_pretty(const ApiRequest& request, Shape shape) {
  if (shape == Shape::Watch) return false;
  if (request.has_parameter("pretty")) {
    const std::string value = to_lower(request.parameter("pretty"));
    return value == "true" || value == "t" || value == "1";
  }
  const std::string agent = request.header("User-Agent");
  return agent.starts_with("curl") || agent.starts_with("Wget") || agent.starts_with("Mozilla/5.0");
}

}  // namespace

Answer<Format> negotiate(const ApiRequest& request, Shape shape) {
  Format format;
  format.pretty = is_pretty(request, shape);
  std::vector<AcceptClause> clauses = parse_accept(request.header("Accept"));
  if (clauses.empty()) return format;
  for (const AcceptClause& clause : clauses) {
    const bool json = clause.media_type == "application/json" || clause.media_type == "*/*" ||
                      clause.media_type == "application/*";
    const bool yaml = clause.media_type == "application/yaml" && shape != Shape::Watch;
    std::optional<Form> form = wanted_form(clause, shape);
    if ((!json && !yaml) || !form) continue;
    format.form = *form;
    format.yaml = yaml;
    format.omits_managed_fields = clause.parameter("managedFields") == "omit";
    if (*form != Form::Object) format.meta_version = clause.parameter("v");
    return format;
  }
  return not_acceptable(shape == Shape::Watch ? kWatchMediaTypes : kAnswerMediaTypes);
}

Format negotiate_refusal(const ApiRequest& request) {
  Answer<Format> format = negotiate(request, Shape::One);
  return format ? *std::move(format) : Format{.pretty = true};
}

}  // namespace clickdeploy::apiserver
