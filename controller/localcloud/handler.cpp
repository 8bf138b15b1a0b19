#include "controller/localcloud/handler.h"

#include "controller/async/run_on.h"
#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace clickdeploy::localcloud {
namespace {

constexpr int kMicroversionMax = 93;

enum class Service : std::uint8_t { None, Identity, Compute, Network, Image, Volume, Switches };

// Ends as soon as it is read: the client sees a connection that broke in the middle of the answer.
class BrokenBody final : public http::BodyStream {
 public:
  Task<Result<std::optional<std::string>>> next() override {
    co_return fail(ErrorCode::Unavailable, "the connection is broken on purpose");
  }
};

std::string_view error_name(int status) {
  switch (status) {
    case 400:
      return "badRequest";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "itemNotFound";
    case 405:
      return "badMethod";
    case 409:
      return "conflictingRequest";
    case 413:
    case 429:
      return "overLimit";
    case 503:
      return "serviceUnavailable";
    default:
      return "computeFault";
  }
}

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Request Entity Too Large";
    case 429:
      return "Too Many Requests";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

// Each service has its own form of an error. A 401 is written by the same middleware in all but
// Glance.
Answer error_answer(Service service, const ApiError& error) {
  const bool middleware = error.status == 401 && service != Service::Image;
  if (service == Service::Identity || middleware) {
    return answer(error.status,
                  Json::object({{"error", Json::object({{"code", error.status},
                                                        {"title", title_of(error.status)},
                                                        {"message", error.message}})}}));
  }
  if (service == Service::Network) {
    return answer(
        error.status,
        Json::object(
            {{"NeutronError",
              Json::object({{"type", error.type.empty() ? "HTTPInternalServerError" : error.type},
                            {"message", error.message},
                            {"detail", ""}})}}));
  }
  if (service == Service::Image) {
    Answer page = answer(error.status);
    const std::string heading = fmt::format("{} {}", error.status, title_of(error.status));
    page.html = fmt::format(
        "<html>\n <head>\n  <title>{}</title>\n </head>\n <body>\n  <h1>{}</h1>\n  {}<br /><br />\n"
        "\n\n\n </body>\n</html>",
        heading, heading, error.message);
    return page;
  }
  return answer(
      error.status,
      Json::object({{std::string(error_name(error.status)),
                     Json::object({{"code", error.status}, {"message", error.message}})}}));
}

// "2.79", or "compute 2.79" among other services' versions. 1 (of 2.1) if not asked for.
Outcome<int> read_microversion(const Call& call) {
  std::string text = call.header("X-OpenStack-Nova-API-Version");
  for (const std::string& part : split(call.header("OpenStack-API-Version"), ',')) {
    const std::string_view item = trim(part);
    if (item.starts_with("compute ")) text = std::string(trim(item.substr(8)));
  }
  if (text.empty()) return 1;
  if (text == "latest") return kMicroversionMax;
  int minor = 0;
  const char* end = text.data() + text.size();
  const bool major_ok = text.starts_with("2.");
  auto [stop, problem] = std::from_chars(text.data() + (major_ok ? 2 : 0), end, minor);
  if (!major_ok || problem != std::errc() || stop != end) {
    return refuse(400, fmt::format("API Version String {} is of invalid format. Must be of format "
                                   "MajorNum.MinorNum.",
                                   text));
  }
  if (minor < 1 || minor > kMicroversionMax) {
    return refuse(406, fmt::format("Version {} is not supported by the API. Minimum is 2.1 and "
                                   "maximum is 2.93.",
                                   text));
  }
  return minor;
}

// One request on its way through the cloud.
class Exchange {
 public:
  Exchange(Cloud& cloud, const http::Request& request, const std::string& base_url)
      : cloud_(cloud), request_(request) {
    call_.method = request.method;
    call_.headers = &request.headers;
    const std::string* host = http::find_header(request.headers, "Host");
    call_.base_url = base_url.empty() && host != nullptr ? "http://" + *host : base_url;
  }

  http::Reply run();

 private:
  Outcome<void> take_apart();
  Outcome<void> authenticate();
  Reaction react();
  std::optional<Answer> versions() const;
  http::Reply finish(Answer made, int recorded_status, bool faulted);
  http::Response respond(Answer made, const std::string& request_id) const;

  Cloud& cloud_;
  const http::Request& request_;
  Call call_;
  Service service_ = Service::None;
  std::string path_;
  bool versioned_ = false;  // below /v3, /v2.1, /v2.0, /v2
};

Outcome<void> Exchange::take_apart() {
  const std::string_view url = request_.url;
  const std::size_t mark = url.find('?');
  path_ = std::string(url.substr(0, mark));
  if (mark != std::string_view::npos) {
    std::optional<Query> query = parse_query(url.substr(mark + 1));
    if (!query) return refuse(400, "malformed query");
    call_.query = std::move(*query);
  }
  std::vector<std::string> segments;
  for (const std::string& segment : split(path_, '/')) {
    if (segment.empty()) continue;
    std::optional<std::string> plain = unescape_url(segment);
    if (!plain) return refuse(400, "malformed path");
    segments.push_back(std::move(*plain));
  }
  if (segments.empty()) return {};
  struct Prefix {
    std::string_view name;
    std::string_view version;
    Service service;
  };
  constexpr Prefix kPrefixes[] = {
      {"identity", "v3", Service::Identity}, {"compute", "v2.1", Service::Compute},
      {"network", "v2.0", Service::Network}, {"image", "v2", Service::Image},
      {"volume", "v3", Service::Volume},     {"localcloud", "v1", Service::Switches}};
  for (const Prefix& prefix : kPrefixes) {
    if (segments[0] != prefix.name) continue;
    service_ = prefix.service;
    versioned_ = segments.size() > 1 && segments[1] == prefix.version;
    call_.path.assign(segments.begin() + (versioned_ ? 2 : 1), segments.end());
  }
  // Neutron's old client asks for "networks.json".
  if (service_ == Service::Network && !call_.path.empty() && call_.path.back().ends_with(".json")) {
    call_.path.back().resize(call_.path.back().size() - 5);
  }
  if (request_.body.empty()) return {};
  Result<Json> body = parse_json(request_.body);
  if (!body) return refuse(400, "Malformed request body");
  call_.body = std::move(*body);
  return {};
}

Outcome<void> Exchange::authenticate() {
  const Token* token = cloud_.find_token(call_.header("X-Auth-Token"));
  if (token != nullptr) {
    call_.token = *token;
    const User* user = cloud_.find_user(token->user_id);
    call_.admin = user != nullptr && user->admin;
  }
  if (service_ == Service::Identity) return {};  // it decides by itself
  if (token == nullptr || token->project_id.empty()) {
    return refuse(401, "The request you have made requires authentication.");
  }
  return {};
}

// Version documents are free for all.
std::optional<Answer> Exchange::versions() const {
  if (versioned_ || !call_.path.empty()) {
    const bool image_list =
        service_ == Service::Image && call_.path.size() == 1 && call_.path[0] == "versions";
    if (image_list) return image_versions(call_, 200);
    const bool compute_root = service_ == Service::Compute && versioned_ && call_.path.empty();
    if (compute_root) return compute_versions(call_, true);
    return std::nullopt;
  }
  switch (service_) {
    case Service::Identity:
      return identity_versions(call_, false);
    case Service::Compute:
      return compute_versions(call_, false);
    case Service::Network:
      return network_versions(call_);
    case Service::Image:
      return image_versions(call_, 300);
    case Service::Volume:
      return volume_versions(call_);
    default:
      return std::nullopt;
  }
}

Reaction Exchange::react() {
  std::optional<Answer> documents = versions();
  if (documents) return std::move(*documents);
  const bool absent = service_ == Service::Volume && cloud_.faults().no_block_storage;
  if (service_ == Service::None || absent || !versioned_) {
    return refuse(404, "The resource could not be found.", "HTTPNotFound");
  }
  if (service_ == Service::Switches) return switches_call(cloud_, call_);
  Outcome<void> known = authenticate();
  if (!known) return std::unexpected(std::move(known).error());
  switch (service_) {
    case Service::Identity:
      return identity_call(cloud_, call_);
    case Service::Network:
      return network_call(cloud_, call_);
    case Service::Image:
      return image_call(cloud_, call_);
    case Service::Volume:
      return volume_call(cloud_, call_);
    default:
      break;
  }
  Outcome<int> microversion = read_microversion(call_);
  if (!microversion) return std::unexpected(std::move(microversion).error());
  call_.microversion = *microversion;
  return compute_call(cloud_, call_);
}

http::Reply Exchange::run() {
  cloud_.advance();
  Outcome<void> parsed = take_apart();
  if (service_ == Service::Switches) {
    Reaction reaction = parsed ? react() : Reaction(std::unexpected(parsed.error()));
    return finish(reaction ? std::move(*reaction) : error_answer(service_, reaction.error()), 0,
                  false);
  }
  const std::optional<RequestFault> fault = cloud_.faults().take(call_.method, path_);
  std::optional<Reaction> reaction;
  if (!parsed) {
    reaction = std::unexpected(parsed.error());
  } else if (!fault || fault->after_effect) {
    reaction = react();
  }
  if (fault) {
    const ApiError error{
        fault->status, "HTTPInternalServerError",
        "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/"};
    Answer made = error_answer(service_, error);
    if (fault->retry_after_seconds) {
      made.headers.push_back({"Retry-After", std::to_string(*fault->retry_after_seconds)});
    }
    return finish(std::move(made), fault->status, true);
  }
  Answer made = *reaction ? std::move(**reaction) : error_answer(service_, reaction->error());
  const int status = made.status;
  return finish(std::move(made), status, false);
}

http::Reply Exchange::finish(Answer made, int recorded_status, bool faulted) {
  const std::string request_id = "req-" + cloud_.random().uuid();
  http::Reply reply;
  const bool broken = faulted && recorded_status == 0;
  if (broken) {
    reply.stream = std::make_unique<BrokenBody>();
  } else {
    reply.response = respond(std::move(made), request_id);
  }
  if (service_ != Service::Switches) {
    cloud_.faults().record({.time = cloud_.now(),
                            .method = request_.method,
                            .url = request_.url,
                            .status = recorded_status,
                            .request_id = request_id,
                            .faulted = faulted,
                            .user_agent = call_.header("User-Agent"),
                            .bytes = reply.response.body.size()});
  }
  return reply;
}

http::Response Exchange::respond(Answer made, const std::string& request_id) const {
  http::Response response;
  response.status = made.status;
  response.headers = std::move(made.headers);
  response.headers.push_back({"X-Openstack-Request-Id", request_id});
  const auto now = std::chrono::floor<std::chrono::seconds>(cloud_.now());
  response.headers.push_back({"Date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", now)});
  if (service_ == Service::Compute) {
    const std::string version = fmt::format("2.{}", call_.microversion);
    response.headers.push_back({"x-compute-request-id", request_id});
    response.headers.push_back({"OpenStack-API-Version", "compute " + version});
    response.headers.push_back({"X-OpenStack-Nova-API-Version", version});
    response.headers.push_back({"Vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version"});
  }
  if (made.status == 401) {
    response.headers.push_back(
        {"WWW-Authenticate", fmt::format("Keystone uri=\"{}/identity\"", call_.base_url)});
  }
  if (!made.html.empty()) {
    response.headers.push_back({"Content-Type", "text/html; charset=UTF-8"});
    response.body = std::move(made.html);
  } else if (!made.body.is_null()) {
    response.headers.push_back({"Content-Type", "application/json"});
    response.body = to_json(made.body);
  }
  return response;
}

Task<http::Reply> handle(Cloud& cloud, Clock& clock, Executor executor, std::string base_url,
                         http::Request request) {
  const auto latency_of = [&cloud] { return cloud.faults().latency; };
  const std::chrono::milliseconds latency = co_await run_on(executor, latency_of);
  if (latency.count() > 0) co_await clock.sleep(latency);
  const auto exchange = [&cloud, &request, &base_url] {
    return Exchange(cloud, request, base_url).run();
  };
  http::Reply reply = co_await run_on(executor, exchange);
  co_return reply;
}

}  // namespace

http::Handler make_handler(Cloud& cloud, Clock& clock, Executor executor, std::string base_url) {
  return [&cloud, &clock, executor = std::move(executor),
          base_url = std::move(base_url)](http::Request request) {
    return handle(cloud, clock, executor, base_url, std::move(request));
  };
}

}  // namespace clickdeploy::localcloud
