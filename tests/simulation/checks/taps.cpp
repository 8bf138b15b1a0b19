#include "tests/simulation/checks/taps.h"

namespace clickdeploy::simulation {

namespace {

Task<http::Reply> serve_tapped(const http::Handler& serve, const store::ObjectStore& store,
                               const Taps& taps, http::Request request) {
  ApiExchange exchange{.method = request.method,
                       .url = request.url,
                       .body = request.body,
                       .asked = store.revision()};
  http::Reply reply = co_await serve(std::move(request));
  if (!taps.api) co_return reply;
  exchange.answered = store.revision();
  exchange.status = reply.response.status;
  if (reply.stream == nullptr) {
    exchange.answer = reply.shared ? std::string_view(*reply.shared) : reply.response.body;
  }
  taps.api(exchange);
  co_return reply;
}

}  // namespace

http::Handler tapped_api(http::Handler serve, store::ObjectStore& store, const Taps& taps) {
  return [serve = std::move(serve), &store, &taps](http::Request request) {
    return taps.api ? serve_tapped(serve, store, taps, std::move(request))
                    : serve(std::move(request));
  };
}

Result<void> TappedDisk::write_atomic(const std::string& path, std::string_view bytes,
                                      unsigned mode) {
  Result<void> written = inner_.write_atomic(path, bytes, mode);
  if (written && taps_.file) taps_.file(path, bytes);
  return written;
}

Result<void> TappedDisk::remove(const std::string& path) {
  Result<void> removed = inner_.remove(path);
  if (removed && taps_.file) taps_.file(path, std::nullopt);
  return removed;
}

}  // namespace clickdeploy::simulation
