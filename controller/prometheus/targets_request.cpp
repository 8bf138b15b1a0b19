#include "controller/prometheus/targets_request.h"

#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

constexpr std::string_view kBegin = "/httpsd/v1/namespaces/";
constexpr std::string_view kKind = "metricsbackends";
constexpr std::string_view kEnd = "targets";
constexpr std::string_view kJob = "job=";
constexpr std::size_t kNameMax = 253;

bool is_name(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  return !text.empty() && text.size() <= kNameMax &&
         text.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

std::string TargetsRequest::path() const {
  return fmt::format("{}{}/{}/{}/{}?{}{}", kBegin, backend.namespace_name, kKind, backend.name,
                     kEnd, kJob, job);
}

std::optional<TargetsRequest> parse_targets_request(std::string_view path) {
  if (!path.starts_with(kBegin)) return std::nullopt;
  path.remove_prefix(kBegin.size());
  const std::size_t query = std::min(path.find('?'), path.size());
  const std::vector<std::string> parts = split(path.substr(0, query), '/');
  if (parts.size() != 4 || parts[1] != kKind || parts[3] != kEnd || !is_name(parts[0]) ||
      !is_name(parts[2])) {
    return std::nullopt;
  }
  TargetsRequest request{.backend = {parts[0], parts[2]}};
  if (query == path.size()) return request;
  const std::string_view parameter = path.substr(query + 1);
  if (!parameter.starts_with(kJob) || !is_name(parameter.substr(kJob.size()))) return std::nullopt;
  request.job = parameter.substr(kJob.size());
  return request;
}

}  // namespace clickdeploy::prometheus
