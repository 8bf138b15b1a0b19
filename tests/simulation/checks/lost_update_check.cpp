#include "tests/simulation/checks/lost_update_check.h"

#include "controller/base/text.h"

#include <charconv>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kMetadata = "\"metadata\":{";
constexpr std::string_view kVersion = "\"resourceVersion\":\"";

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

// "/api/v1/namespaces/shop/secrets/x", "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/x".
std::optional<NamedByPath> named_by(const std::string& url) {
  std::vector<std::string> parts = split(url.substr(1, url.find('?') - 1), '/');
  std::string suffix;
  std::size_t at = 0;
  if (parts.size() > 2 && parts[0] == "api") {
    at = 2;
  } else if (parts.size() > 3 && parts[0] == "apis") {
    suffix = "." + parts[1];
    at = 3;
  } else {
    return std::nullopt;
  }
  NamedByPath named;
  if (parts[at] == "namespaces" && parts.size() > at + 2) {
    named.key.namespace_name = parts[at + 1];
    at += 2;
  }
  named.key.resource = parts[at] + suffix;
  if (parts.size() > at + 1) named.key.name = parts[at + 1];
  if (parts.size() > at + 2) named.subresource = parts[at + 2];
  return named;
}

store::Revision version_in(std::string_view object) {
  const std::size_t metadata = object.find(kMetadata);
  if (metadata == std::string_view::npos) return 0;
  const std::size_t at = object.find(kVersion, metadata);
  if (at == std::string_view::npos) return 0;
  store::Revision version = 0;
  std::from_chars(object.data() + at + kVersion.size(), object.data() + object.size(), version);
  return version;
}

void LostUpdateCheck::answered(const ApiExchange& exchange) const {
  const std::optional<NamedByPath> named = named_by(exchange.url);
  if (!named) return;
  store::Key key = named->key;
  const bool create = exchange.method == "POST" && key.name.empty();
  if (create && is_success(exchange.status)) return judge_write(exchange, key);
  // The namespace's own path looks like that of a collection inside it.
  if (key.name.empty() || exchange.url.contains("dryRun=")) return;
  if (exchange.method == "GET") {
    if (!exchange.answer.empty() && named->subresource.empty()) judge_read(exchange, key);
    return;
  }
  if (exchange.method == "DELETE") return;
  if (is_success(exchange.status)) return judge_write(exchange, key);
  if (exchange.status == 409) judge_refusal(exchange, key);
}

void LostUpdateCheck::judge_write(const ApiExchange& exchange, const store::Key& named) const {
  const store::Revision based_on = version_in(exchange.body);
  const store::Revision made = version_in(exchange.answer);
  if (made == 0) return;
  store::Key key = named;
  if (key.name.empty()) {
    for (const Version& each : history_.of_resource(key.resource)) {
      if (each.revision == made) key = each.document->key;
    }
  }
  if (!history_.was_current(key, made, exchange.asked, exchange.answered)) {
    // The last finalizer went, and the object with it; there may be another one by now.
    const bool gone = history_.was_current(key, 0, exchange.asked, exchange.answered);
    if (!gone)
      tell(exchange, "answers version " + std::to_string(made) + ", which was not the newest");
    return;
  }
  if (based_on == 0 || made == based_on) return;
  if (history_.current_at(key, made - 1) != based_on) {
    tell(exchange, "was based on version " + std::to_string(based_on) + " and replaced version " +
                       std::to_string(history_.current_at(key, made - 1)));
  }
}

void LostUpdateCheck::judge_refusal(const ApiExchange& exchange, const store::Key& key) const {
  const store::Revision based_on = version_in(exchange.body);
  if (based_on == 0 || !exchange.answer.contains("\"Conflict\"")) return;
  // Was it the newest all the time? Then nobody was in its way.
  if (history_.current_at(key, exchange.asked) != based_on) return;
  if (history_.current_at(key, exchange.answered) != based_on) return;
  tell(exchange, "was refused, though it was based on the newest version");
}

void LostUpdateCheck::judge_read(const ApiExchange& exchange, const store::Key& key) const {
  if (exchange.status != 200 && exchange.status != 404) return;
  const store::Revision seen = exchange.status == 404 ? 0 : version_in(exchange.answer);
  if (seen == 0 && exchange.status == 200) return;
  if (!history_.was_current(key, seen, exchange.asked, exchange.answered)) {
    tell(exchange, "saw version " + std::to_string(seen) + ", which was not the newest");
  }
}

void LostUpdateCheck::tell(const ApiExchange& exchange, const std::string& what) const {
  report_.add("S8", exchange.method + " " + exchange.url + " (asked at " +
                        std::to_string(exchange.asked) + ", answered " +
                        std::to_string(exchange.status) + " at " +
                        std::to_string(exchange.answered) + ") " + what);
}

}  // namespace clickdeploy::simulation
