#include "controller/apiserver/continue_token_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kVersion = "meta.k8s.io/v1";

std::unexpected<ApiError> not_valid(std::string_view why) {
  return bad_request("invalid continue token: continue key is not valid: " + std::string(why));
}

// As Go shows a byte: 'i', or an escape.
std::string show_character(char c) {
  const std::string quoted = go_quote(std::string(1, c));
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

}  // namespace

std::string write_continue_token(const ContinueToken& token) {
  const Json json = Json::object({{"v", kVersion},
                                  {"rv", static_cast<std::int64_t>(token.revision)},
                                  {"namespace", token.namespace_name},
                                  {"name", token.name}});
  std::string text = base64_encode(to_json(json));
  std::erase(text, '=');
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Answer<ContinueToken> read_continue_token(std::string_view text) {
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  std::optional<std::string> bytes = base64_decode(padded);
  if (!bytes) return not_valid("illegal base64 data");
  Result<Json> json = parse_json(*bytes);
  if (!json && !bytes->empty() && bytes->front() != '{') {
    return not_valid(fmt::format("invalid character {} looking for beginning of value",
                                 show_character(bytes->front())));
  }
  if (!json) return not_valid(json.error().message());
  if ((*json)["v"].as_string() != kVersion || !(*json)["rv"].is_int() ||
      (*json)["rv"].as_int() < 0) {
    return not_valid("the version of the token is not known");
  }
  return ContinueToken{static_cast<store::Revision>((*json)["rv"].as_int()),
                       (*json)["namespace"].as_string(), (*json)["name"].as_string()};
}

}  // namespace clickdeploy::apiserver
