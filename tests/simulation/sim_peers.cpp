// What answers in the world besides cloud and Prometheus: agents, on servers and on machines.

#include "tests/simulation/sim_world.h"

namespace clickdeploy::simulation {

std::optional<http::Reply> SimWorld::ask_guest(const std::string& url,
                                               const std::string& authorization) {
  const std::string origin = split_url(url).origin;
  const std::size_t colon = std::min(origin.find("://"), origin.size());
  const std::string address = origin.substr(std::min(colon + 3, origin.size()));
  const SimAgent* agent = guests.find_agent(address);
  if (agent == nullptr) agent = on_machines.find_agent(address);
  if (agent == nullptr) return std::nullopt;
  return ask_agent(*agent, origin.substr(0, colon), authorization);
}

fakes::ScrapeAnswer SimWorld::scrape(const std::string& url, const std::string& authorization) {
  const std::optional<http::Reply> reply = ask_guest(url, authorization);
  if (!reply)
    return {.up = false,
            .error = "dial tcp " + split_url(url).origin + ": connect: connection refused"};
  const int status = reply->response.status;
  if (status == 0) return {.up = false, .error = "context deadline exceeded"};
  if (status == 200) return {.up = true, .error = ""};
  return {.up = false, .error = "server returned HTTP status " + std::to_string(status)};
}

}  // namespace clickdeploy::simulation
