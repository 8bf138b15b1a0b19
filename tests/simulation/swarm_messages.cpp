#include "tests/simulation/swarm_messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

namespace {

constexpr const char* kElsewhere = "http://elsewhere.sim";
constexpr const char* kPage = "<html><body><h1>It works!</h1></body></html>";

NetworkFault status_of(int status, std::string body) {
  return {.kind = Kind::Status, .status = status, .body = std::move(body)};
}

std::chrono::milliseconds up_to(Dice& dice, std::chrono::milliseconds most) {
  return std::chrono::milliseconds(dice.below(static_cast<std::uint64_t>(most.count())));
}

// What a cloud, or what stands in front of it, answers when it has a bad moment.
NetworkFault bad_moment(Dice dice) {
  switch (dice.below(6)) {
    case 0:
      return status_of(500, "{}");
    case 1: {
      NetworkFault fault = status_of(502, "<html><body><h1>502 Bad Gateway</h1></body></html>");
      fault.headers = {{"Content-Type", "text/html"}};
      return fault;
    }
    case 2:
      return status_of(503, "{}");
    case 3:
      return status_of(504, "<html><body><h1>504 Gateway Time-out</h1></body></html>");
    default: {
      NetworkFault fault = status_of(429, "{}");
      if (dice.chance(0.5)) fault.headers = {{"Retry-After", std::to_string(dice.below(8))}};
      return fault;
    }
  }
}

// Answers that are as a rule meant, and this time are not.
NetworkFault odd_moment(Dice dice) {
  constexpr int kStatuses[] = {400, 401, 403, 409, 413};
  const int status = kStatuses[dice.below(std::size(kStatuses))];
  const Json fault = Json::object({{"code", status}, {"message", "a bad moment"}});
  return status_of(status, to_json(Json::object({{"badRequest", fault}})));
}

// The port of a server keeps a second one from being made, but for this time.
bool has_unbound_server(const SimWorld& world) {
  return std::ranges::any_of(world.checker.our_servers(), [](const localcloud::Server* server) {
    return server->vm_state == localcloud::VmState::Building &&
           server->task != localcloud::TaskState::Spawning;
  });
}

bool has_failed_server(const SimWorld& world) {
  return std::ranges::any_of(world.checker.our_servers(), [](const localcloud::Server* server) {
    return server->vm_state == localcloud::VmState::Error;
  });
}

void cut(http::Response& response) {
  response.body.resize(response.body.size() / 2);
}

void drop_service(http::Response& response) {
  Result<Json> body = parse_json(response.body);
  if (!body || (*body)["token"].is_null()) return;
  Json& token = body->member("token");
  Json kept = Json::array();
  for (const Json& entry : token["catalog"].as_array()) {
    if (entry["type"].as_string() != "network") kept.push_back(entry);
  }
  token.set("catalog", std::move(kept));
  response.body = to_json(*body);
}

}  // namespace

std::string kind_of_message(const http::Request& request) {
  std::string path = split_url(request.url).target;
  path = path.substr(0, path.find('?'));
  std::vector<std::string> words;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string word = path.substr(at, end - at);
    // Ids and versions hold a digit.
    if (!word.empty() && word.find_first_of("0123456789") == std::string::npos) {
      words.push_back(word);
    }
    at = end + 1;
  }
  std::string kind = request.method;
  for (std::size_t i = words.size() - std::min<std::size_t>(words.size(), 2); i < words.size();
       ++i) {
    kind += "-" + words[i];
  }
  return kind;
}

MessageFaults::Rates MessageFaults::draw(const Decisions& decisions) {
  auto rate = [&](const char* name, double most) { return decisions.rate(name, most); };
  return {.refuse = rate("refuse", 0.15),
          .reset = rate("reset", 0.15),
          .time_out_after = rate("time-out-after", 0.20),
          .late = rate("late", 0.10),
          .late_answer = rate("late-answer", 0.10),
          .duplicate = rate("duplicate", 0.50),
          .status = rate("status", 0.25),
          .odd_status = rate("odd-status", 0.05),
          .html = rate("html", 0.05),
          .truncated = rate("truncated", 0.10),
          .redirect = rate("redirect", 0.05),
          .reload_fails = rate("reload-fails", 0.6),
          .reload_ignored = rate("reload-ignored", 0.5),
          .reload_slow = rate("reload-slow", 0.5),
          .rules_stale = rate("rules-stale", 0.5),
          .page_size = rate("page-size", 0.5)};
}

MessageFaults::MessageFaults(SimWorld& world, Story& story, Decisions& decisions)
    : world_(world), story_(story), decisions_(decisions), rates_(draw(decisions)) {
  auto lag = [&](const char* name, std::uint64_t most) {
    std::optional<Dice> dice = decisions_.take(name, 0.4);
    return std::chrono::seconds(dice ? 1 + dice->below(most) : 0);
  };
  list_lag_ = lag("list-lag", 60);
  get_lag_ = lag("get-lag", 20);
  address_lag_ = lag("address-lag", 30);
  world_.list_is_lost = [this, most = decisions_.rate("list-lost", 0.5)] {
    return on_ && decisions_.take("list-lost", "", ++seen_["lists"], most).has_value();
  };
  world_.network.faults = [this](const http::Request& request) { return fault_of(request); };
  world_.network.route(kCloudOrigin,
                       [this](http::Request request) { return cloud(std::move(request)); });
  if (list_lag_ + get_lag_ + address_lag_ > 0s) {
    story_.tell("cloud", fmt::format("lists lag {} s behind what is made, single servers {} s, "
                                     "addresses {} s",
                                     list_lag_.count(), get_lag_.count(), address_lag_.count()));
  }
}

MessageFaults::Fault MessageFaults::fault_of(const http::Request& request) {
  if (request.url.starts_with(kElsewhere)) {
    world_.report.add("S20", "a request followed a redirect to another host: " + request.url);
  }
  if (!on_) return std::nullopt;
  const std::string kind = kind_of_message(request);
  const std::uint64_t number = ++seen_[kind];
  Fault fault = drawn(request, kind, number);
  if (fault) {
    tell(request, *fault);
    all_arrive_at_ = std::max(all_arrive_at_, world_.context().now() + fault->delay);
  }
  return fault;
}

MessageFaults::Fault MessageFaults::drawn(const http::Request& request, const std::string& kind,
                                          std::uint64_t number) {
  const bool of_cloud = request.url.starts_with(kCloudOrigin);
  const bool log_in = request.url.contains("/identity/");
  if (of_cloud && !log_in && world_.context().now() < tokens_refused_until_) {
    return status_of(401, R"({"error": {"code": 401, "message": "the token is not accepted"}})");
  }
  if (request.url.ends_with("/-/reload")) {
    if (Fault fault = reload_fault(number)) return fault;
  }
  if (Fault fault = transport_fault(kind, number)) return fault;
  if (Fault fault = answer_fault(kind, number)) return fault;
  if (of_cloud && log_in && world_.context().now() < catalogue_lost_until_) {
    return NetworkFault{.kind = Kind::Altered, .alter = drop_service};
  }
  if (!request.url.contains("/api/v1/rules")) return std::nullopt;
  if (!old_rules_.empty() && decisions_.take("rules-stale", "", number, rates_.rules_stale)) {
    return status_of(200, old_rules_);
  }
  return NetworkFault{.kind = Kind::Altered, .alter = [this](http::Response& response) {
                        if (response.status == 200) old_rules_ = response.body;
                      }};
}

MessageFaults::Fault MessageFaults::reload_fault(std::uint64_t number) {
  if (decisions_.take("reload-fails", "", number, rates_.reload_fails)) {
    return status_of(500, "failed to reload config");
  }
  // The answer is yes, and the old configuration stays.
  if (decisions_.take("reload-ignored", "", number, rates_.reload_ignored)) {
    return status_of(200, "");
  }
  if (decisions_.take("reload-slow", "", number, rates_.reload_slow)) {
    return NetworkFault{.kind = Kind::Late, .delay = 30s};
  }
  return std::nullopt;
}

MessageFaults::Fault MessageFaults::transport_fault(const std::string& kind, std::uint64_t number) {
  auto strikes = [&](const char* name, double rate) {
    return decisions_.take(name, kind, number, rate);
  };
  if (strikes("refuse", rates_.refuse)) return NetworkFault{.kind = Kind::Refuse};
  if (strikes("reset", rates_.reset)) return NetworkFault{.kind = Kind::Reset};
  if (strikes("time-out-after", rates_.time_out_after)) {
    return NetworkFault{.kind = Kind::TimeOutAfter};
  }
  if (std::optional<Dice> dice = strikes("late", rates_.late)) {
    NetworkFault fault{.kind = Kind::Late, .delay = up_to(*dice, 120s)};
    // No client can help that a create which was given up arrives in the moment of the second try,
    // or when that has failed.
    if (kind == "POST-compute-servers" && fault.delay > 50s) {
      fault.unless = [this] { return has_unbound_server(world_) || has_failed_server(world_); };
    }
    return fault;
  }
  if (std::optional<Dice> dice = strikes("late-answer", rates_.late_answer)) {
    return NetworkFault{.kind = Kind::LateAnswer, .delay = up_to(*dice, 120s)};
  }
  if (std::optional<Dice> dice = strikes("duplicate", rates_.duplicate)) {
    NetworkFault fault{.kind = Kind::Duplicate};
    fault.delay = up_to(*dice, dice->chance(0.8) ? 1s : 60s);
    if (kind != "POST-compute-servers") return fault;
    // Nor that Nova makes two servers of a create that comes twice in a moment, or whose first
    // server has failed; else the port is taken.
    fault.delay += 1s;
    fault.unless = [this] { return has_failed_server(world_); };
    return fault;
  }
  return std::nullopt;
}

MessageFaults::Fault MessageFaults::answer_fault(const std::string& kind, std::uint64_t number) {
  auto strikes = [&](const char* name, double rate) {
    return decisions_.take(name, kind, number, rate);
  };
  if (std::optional<Dice> dice = strikes("status", rates_.status)) return bad_moment(*dice);
  if (std::optional<Dice> dice = strikes("odd-status", rates_.odd_status)) return odd_moment(*dice);
  if (strikes("html", rates_.html)) {
    NetworkFault fault = status_of(200, kPage);
    fault.headers = {{"Content-Type", "text/html"}};
    return fault;
  }
  if (strikes("truncated", rates_.truncated)) {
    return NetworkFault{.kind = Kind::Altered, .body = "cut in the middle", .alter = cut};
  }
  if (std::optional<Dice> dice = strikes("redirect", rates_.redirect)) {
    NetworkFault fault = status_of(dice->chance(0.5) ? 302 : 307, "");
    fault.headers = {{"Location", std::string(kElsewhere) + "/"}};
    return fault;
  }
  return std::nullopt;
}

void MessageFaults::tell(const http::Request& request, const NetworkFault& fault) const {
  if (!story_.is_told()) return;
  const auto seconds = std::chrono::duration<double>(fault.delay).count();
  std::string what;
  switch (fault.kind) {
    case Kind::Refuse:
      what = "the connection is refused";
      break;
    case Kind::Reset:
      what = "the connection is reset before it arrives";
      break;
    case Kind::TimeOutAfter:
      what = "carried out, and never answered";
      break;
    case Kind::Hang:
      what = "lost, and never answered";
      break;
    case Kind::Status:
      what = fmt::format("not carried out, answered {} {}", fault.status, fault.body.substr(0, 60));
      break;
    case Kind::Late:
      what = fmt::format("arrives {:.1f} s late", seconds);
      break;
    case Kind::LateAnswer:
      what = fmt::format("carried out, answered {:.1f} s late", seconds);
      break;
    case Kind::Duplicate:
      what = fmt::format("arrives a second time {:.1f} s later", seconds);
      break;
    case Kind::Altered:
      if (fault.body == "{}") return;  // only looked at
      what = "carried out, and the answer is " + fault.body;
      break;
  }
  const std::string url = request.url.substr(0, 140);
  story_.tell("network", fmt::format("{} {}: {}", request.method, url, what),
              decisions_.last_taken());
}

bool MessageFaults::is_too_fresh(const http::Request& request) const {
  if (get_lag_ == 0s || request.method != "GET") return false;
  constexpr std::string_view kServers = "/compute/v2.1/servers/";
  if (!request.url.starts_with(kServers)) return false;
  const localcloud::Server* server =
      world_.cloud.find_server(request.url.substr(kServers.size(), 36));
  return server != nullptr && world_.cloud.now() - server->created < get_lag_;
}

// The cloud, whose lists lag behind what was made, and whose pages have any size.
Task<http::Reply> MessageFaults::cloud(http::Request request) {
  const bool list = request.method == "GET" && request.url.contains("/servers/detail");
  if (on_ && is_too_fresh(request)) {
    http::Reply reply;
    reply.response.status = 404;
    reply.response.body = R"({"itemNotFound": {"code": 404, "message": "could not be found"}})";
    co_return reply;
  }
  if (on_ && list) page(request, ++seen_["pages"]);
  http::Reply reply = co_await world_.checker.handle(std::move(request));
  if (on_ && list && reply.response.status == 200) spoil_list(reply.response);
  co_return reply;
}

void MessageFaults::page(http::Request& request, std::uint64_t number) {
  std::optional<Dice> dice = decisions_.take("page-size", "", number, rates_.page_size);
  if (!dice) return;
  const std::size_t at = request.url.find("limit=");
  if (at != std::string::npos) {
    const std::size_t end = std::min(request.url.find('&', at), request.url.size());
    request.url.erase(at, end - at);
  }
  const char last = request.url.back();
  if (last != '&' && last != '?') request.url += request.url.contains('?') ? '&' : '?';
  request.url += "limit=" + std::to_string(1 + dice->below(3));
}

void MessageFaults::spoil_list(http::Response& response) const {
  if (list_lag_ == 0s && address_lag_ == 0s) return;
  Result<Json> body = parse_json(response.body);
  if (!body) return;
  Json kept = Json::array();
  for (const Json& server : (*body)["servers"].as_array()) {
    const localcloud::Server* found = world_.cloud.find_server(server["id"].as_string());
    const auto age = found == nullptr ? 24h : world_.cloud.now() - found->created;
    if (age < list_lag_) continue;
    Json seen = server;
    if (age < address_lag_) seen.set("addresses", Json::object({}));
    kept.push_back(std::move(seen));
  }
  body->set("servers", std::move(kept));
  response.body = to_json(*body);
}

}  // namespace clickdeploy::simulation
