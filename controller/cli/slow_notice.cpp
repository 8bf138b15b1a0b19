#include "controller/cli/slow_notice_internal.h"

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::seconds kSlow{1};
constexpr std::chrono::milliseconds kTick{150};

// "http://127.0.0.1:8080/apis/…" → "http://127.0.0.1:8080".
std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

}  // namespace

Task<Result<http::Response>> SlowNotice::send(http::Request request) {
  waiting_for_ = origin_of(request.url);
  waiting_since_ = clock_.steady_now();
  Result<http::Response> response = co_await inner_.send(std::move(request));
  waiting_since_.reset();
  co_return response;
}

Task<Result<http::StreamingResponse>> SlowNotice::stream(http::Request request,
                                                         std::chrono::milliseconds idle_max) {
  waiting_for_ = origin_of(request.url);
  waiting_since_ = clock_.steady_now();
  Result<http::StreamingResponse> response = co_await inner_.stream(std::move(request), idle_max);
  waiting_since_.reset();
  co_return response;
}

Task<void> SlowNotice::watch() {
  for (;;) {
    if (waiting_since_ && clock_.steady_now() - *waiting_since_ >= kSlow) {
      console_.progress("waiting for an answer of " + waiting_for_);
    }
    co_await clock_.sleep(kTick);
  }
}

}  // namespace clickdeploy::cli
