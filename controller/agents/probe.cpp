#include "controller/agents/probe.h"

#include "controller/agents/bootstrap.h"
#include "controller/agents/cloud_init.h"
#include "controller/agents/exposition_internal.h"
#include "controller/agents/version.h"
#include "controller/base/text.h"

#include <fmt/format.h>

namespace clickdeploy::agents {

namespace {

// Ten times what a node_exporter with every collector says.
constexpr std::size_t kAnswerBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kQuotedBytesMax = 120;
constexpr std::size_t kUidBytesMax = 128;

std::string label_of(std::string_view body, std::string_view metric, const std::string& name) {
  const auto labels = find_labels(body, metric);
  if (!labels) return "";
  const auto found = labels->find(name);
  return found == labels->end() ? "" : found->second;
}

Result<ProbeResult> read_answer(const http::Response& response, const Agent& agent) {
  if (response.status >= 500) {
    return fail(ErrorCode::Unavailable, fmt::format("the agent answers {}", response.status));
  }
  const bool refused = response.status == 401 || response.status == 403;
  if (refused && !agent.basic_secret.empty()) {
    return fail(ErrorCode::Unauthenticated,
                fmt::format("it answers {}: it refuses the password of Secret {}", response.status,
                            agent.basic_secret));
  }
  if (response.status != 200) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("what answers says {}; another program may have taken the port",
                            response.status));
  }
  if (!looks_like_exposition(response.body)) {
    const std::string_view line = first_line(response.body);
    return fail(ErrorCode::InvalidArgument, fmt::format("what answers is no agent; it says {}",
                                                        go_quote(line.substr(0, kQuotedBytesMax))));
  }
  return ProbeResult{
      .version = told_version(response.body, agent),
      .instance_uid =
          label_of(response.body, kAgentInfoMetric, "instance_uid").substr(0, kUidBytesMax),
      .failed_step = failed_step_in_metrics(response.body),
      .settings = told_settings(response.body)};
}

}  // namespace

Task<Result<ProbeResult>> probe_agent(http::HttpClient& http, std::string address, Agent agent,
                                      AgentAccess access, std::chrono::milliseconds deadline) {
  const std::string what = fmt::format("probe {} at {}", agent.name, address);
  const CatalogEntry entry = describe(agent);

  http::Request request;
  request.url = fmt::format("{}://{}{}", agent.tls ? "https" : "http", address, entry.metrics_path);
  if (agent.tls) request.trust = std::move(access.trust);
  request.headers = {{"Accept", "text/plain;version=0.0.4"}};
  if (!access.authorization.empty()) {
    request.headers.push_back({"Authorization", access.authorization.reveal()});
  }
  request.deadline = deadline;
  request.response_bytes_max = kAnswerBytesMax;
  Result<http::Response> response = co_await http.send(std::move(request));
  if (!response) {
    Error error = std::move(response).error();
    // An endless answer is no agent's.
    if (error.code() == ErrorCode::ResourceExhausted) {
      error = Error(ErrorCode::InvalidArgument, error.message());
    }
    co_return std::unexpected(std::move(error).with_context(what));
  }
  Result<ProbeResult> result = read_answer(*response, agent);
  if (!result) co_return std::unexpected(std::move(result).error().with_context(what));
  co_return result;
}

}  // namespace clickdeploy::agents
