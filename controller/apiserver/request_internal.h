// ApiRequest: an HTTP request taken apart: path segments, query, and what the client accepts.

#pragma once

#include "controller/apiserver/api_error_internal.h"
#include "controller/http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {

struct ApiRequest {
  std::string method;
  std::string path;                   // as received, without the query
  std::vector<std::string> segments;  // unescaped; {"apis", "clickdeploy.io", …}
  std::vector<std::pair<std::string, std::string>> query;
  http::Headers headers;
  std::string body;

  // 400 if an escape in path or query is malformed.
  static Answer<ApiRequest> read(http::Request request);

  std::string parameter(std::string_view name) const;  // the first of that name, or ""
  bool has_parameter(std::string_view name) const;
  std::vector<std::string> parameters(std::string_view name) const;
  // Kubernetes' reading: whatever is there and is neither "false" nor "0" is true.
  bool flag(std::string_view name) const;
  std::string header(std::string_view name) const;
  // Of the body: lower case, without parameters.
  std::string media_type() const;
};

enum class Form { Object, Table, PartialMetadata };

// How the answer is written.
struct Format {
  Form form = Form::Object;
  std::string meta_version = "v1";  // of Table and PartialObjectMetadata
  bool yaml = false;
  bool pretty = false;
  bool omits_managed_fields = false;
};

enum class Shape { One, List, Watch };

// What a 406 says. Core kinds and Status have a form in protobuf.
inline constexpr std::string_view kAnswerMediaTypes =
    "application/json, application/yaml, application/vnd.kubernetes.protobuf";

// Chooses by the Accept header, clause by clause, those of higher q first; 406 if no clause can be
// served. Beside what Kubernetes knows a clause may have managedFields=omit: objects without
// metadata.managedFields.
Answer<Format> negotiate(const ApiRequest& request, Shape shape);

// How a refusal is written, by the same header and parameters; refusals of negotiation itself too.
Format negotiate_refusal(const ApiRequest& request);

// One clause of an Accept header: {"application/json", {{"as", "Table"}, …}}.
struct AcceptClause {
  std::string media_type;
  std::vector<std::pair<std::string, std::string>> parameters;

  std::string parameter(std::string_view name) const;
};
// The clauses in the order of the client's preference.
std::vector<AcceptClause> parse_accept(std::string_view header);

}  // namespace clickdeploy::apiserver
