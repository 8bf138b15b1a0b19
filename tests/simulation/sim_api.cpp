#include "tests/simulation/sim_api.h"

#include <utility>

namespace clickdeploy::simulation {

namespace {

constexpr const char* kExpiredLine =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure",)"
    R"("reason":"Expired","message":"too old resource version","code":410}})"
    "\n";
constexpr const char* kConflict =
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict",)"
    R"("message":"the object has been modified","code":409})";
constexpr const char* kUnavailable =
    R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable",)"
    R"("message":"the server is not ready","code":503})";

// "/apis/…/services" of a URL.
std::string path_of(const std::string& url) {
  const std::size_t from = url.find('/', url.find("://") + 3);
  if (from == std::string::npos) return "/";
  return url.substr(from, url.find('?', from) - from);
}

// A watch, event by event.
class DisturbedWatch final : public http::BodyStream {
 public:
  DisturbedWatch(std::unique_ptr<http::BodyStream> inner, std::string url, Clock& clock,
                 ApiViews& views)
      : inner_(std::move(inner)), url_(std::move(url)), clock_(clock), views_(views) {}

  Task<Result<std::optional<std::string>>> next() override {
    if (!again_.empty()) co_return std::optional<std::string>(std::exchange(again_, {}));
    if (over_) co_return std::optional<std::string>();
    while (!buffer_.contains('\n')) {
      Result<std::optional<std::string>> piece = co_await inner_->next();
      if (!piece || !piece->has_value()) co_return piece;
      buffer_ += **piece;
    }
    const std::size_t end = buffer_.find('\n') + 1;
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end);
    if (!views_.on_event || line.contains(R"("type":"BOOKMARK")")) {
      co_return std::optional<std::string>(std::move(line));
    }
    const std::optional<EventFault> fault = views_.on_event(url_);
    if (fault) {
      if (fault->kind == EventFault::Kind::Late) co_await clock_.sleep(fault->delay);
      if (fault->kind == EventFault::Kind::Twice) again_ = line;
      over_ = ends(*fault);
      if (over_ && fault->kind == EventFault::Kind::Expired) line = kExpiredLine;
      if (over_ && fault->kind != EventFault::Kind::Expired) {
        co_return std::optional<std::string>();
      }
    }
    co_return std::optional<std::string>(std::move(line));
  }

 private:
  bool ends(const EventFault& fault) {
    if (fault.kind == EventFault::Kind::Blind) {
      views_.blind_until[path_of(url_)] = clock_.steady_now() + fault.delay;
    }
    return fault.kind == EventFault::Kind::Cut || fault.kind == EventFault::Kind::Expired ||
           fault.kind == EventFault::Kind::Blind;
  }

  const std::unique_ptr<http::BodyStream> inner_;
  const std::string url_;
  Clock& clock_;
  ApiViews& views_;
  std::string buffer_;
  std::string again_;
  bool over_ = false;
};

class OneLine final : public http::BodyStream {
 public:
  explicit OneLine(std::string line) : line_(std::move(line)) {}
  Task<Result<std::optional<std::string>>> next() override {
    if (line_.empty()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(std::exchange(line_, {}));
  }

 private:
  std::string line_;
};

http::Response answer(int status, const char* body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
}

}  // namespace

bool SimApi::is_blind(const std::string& path) const {
  const auto found = views_.blind_until.find(path);
  return found != views_.blind_until.end() && clock_.steady_now() < found->second;
}

Task<Result<http::Response>> SimApi::send(http::Request request) {
  std::optional<ApiFault> fault;
  if (views_.on_request) fault = views_.on_request(request);
  if (is_blind(path_of(request.url))) fault = ApiFault{};
  if (fault && fault->kind == ApiFault::Kind::Unavailable) co_return answer(503, kUnavailable);
  if (fault && fault->kind == ApiFault::Kind::Conflict) co_return answer(409, kConflict);
  Result<http::Response> response = co_await inner_.send(std::move(request));
  if (fault && fault->kind == ApiFault::Kind::Unanswered) {
    co_return fail(ErrorCode::DeadlineExceeded, "no answer in time");
  }
  if (fault && fault->kind == ApiFault::Kind::Late) co_await clock_.sleep(fault->delay);
  co_return response;
}

Task<Result<http::StreamingResponse>> SimApi::stream(http::Request request,
                                                     std::chrono::milliseconds idle_max) {
  const std::string url = request.url;
  const std::string path = path_of(url);
  if (is_blind(path)) co_return fail(ErrorCode::Unavailable, "connect: the API does not answer");
  if (views_.blind_until.erase(path) > 0) {
    co_return http::StreamingResponse{
        .status = 200, .headers = {}, .body = std::make_unique<OneLine>(kExpiredLine)};
  }
  if (clock_.steady_now() < views_.behind_until) co_await clock_.sleep(views_.behind);
  Result<http::StreamingResponse> response = co_await inner_.stream(std::move(request), idle_max);
  if (!response || !views_.on_event || response->status != 200) co_return response;
  response->body = std::make_unique<DisturbedWatch>(std::move(response->body), url, clock_, views_);
  co_return response;
}

}  // namespace clickdeploy::simulation
