// The API server by itself: what the suite of this folder runs foreign clients against. Says its
// address on one line, then serves until its input ends.
//
//   kubectl_serve [--folder DIR] [--address A] [--port N] [--log-events N] [--kind FILE]
//                 [--authority FILE]
//
// --authority serves https, and writes down whom to trust for it.
// --kind serves the kind of that definition in the place of ours: the one that a real API server
// was recorded with.

#include "controller/base/yaml.h"
#include "tests/apiserver/live_server.h"
#include "tests/http/certificate.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy {
namespace {

// The one rule of the recorded definition; it is in CEL there.
api::FieldErrors recorded_rules(const Json& object, const Json* old) {
  if (old == nullptr || object["spec"]["flavor"] == (*old)["spec"]["flavor"]) return {};
  return {
      {"spec.flavor", api::FieldReason::Invalid, "Invalid value: \"object\": flavor is immutable"}};
}

api::Scheme recorded_scheme(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Result<Json> definition = parse_single_yaml(text);
  if (!definition) throw std::runtime_error(path + ": " + definition.error().message());
  Result<api::ResourceInfo> kind = api::read_definition(std::move(*definition));
  if (!kind) throw std::runtime_error(path + ": " + kind.error().message());
  kind->cross_field_rules = recorded_rules;
  std::vector<api::ResourceInfo> resources = {std::move(*kind)};
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    if (!info.custom) resources.push_back(info);
  }
  return api::Scheme(std::move(resources));
}

void serve(const std::vector<std::string>& arguments) {
  std::map<std::string, std::string> options = {{"--folder", ""}, {"--address", "127.0.0.1"},
                                                {"--port", "0"},  {"--log-events", "50000"},
                                                {"--kind", ""},   {"--authority", ""}};
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    if (!options.contains(arguments[i])) throw std::runtime_error("unknown " + arguments[i]);
    options[arguments[i]] = arguments[i + 1];
  }
  const std::string& kind = options["--kind"];
  const api::Scheme scheme = kind.empty() ? api::builtin_scheme() : recorded_scheme(kind);
  http::testing::Certificate certificate;
  if (!options["--authority"].empty()) {
    certificate = http::testing::make_certificate(options["--address"]);
    std::ofstream(options["--authority"]) << certificate.pem;
  }
  apiserver::LiveServer server({.folder = options["--folder"],
                                .address = options["--address"],
                                .port = static_cast<std::uint16_t>(std::stoul(options["--port"])),
                                .log_events_max = std::stoul(options["--log-events"]),
                                .scheme = scheme,
                                .certificate_pem = certificate.pem,
                                .key_pem = certificate.key_pem});
  std::cout << server.url() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}

}  // namespace
}  // namespace clickdeploy

int main(int argc, char** argv) {
  clickdeploy::serve({argv + 1, argv + argc});
  return 0;
}
