#include "controller/async/post_home.h"
#include "controller/http/curl_driver_internal.h"
#include "controller/http/http_client.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace clickdeploy::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Turns a coroutine's handler into a function for another thread to call: it resumes the coroutine
// on its own executor, which counts as busy meanwhile.
//
// As soon as the coroutine runs on, its executor's context may be destroyed. So what keeps that
// busy travels with the handler, and only a plain executor stays behind on this thread.
template <class T, class H>
auto resumer(H handler) {
  Executor home = asio::get_associated_executor(handler, asio::system_executor());
  Executor busy = asio::prefer(home, asio::execution::outstanding_work.tracked);
  return [handler = std::move(handler), home = std::move(home), busy = std::move(busy)](
             error_code error, T value) mutable {
    post_home(home, [handler = std::move(handler), busy = std::move(busy), error,
                     value = std::move(value)]() mutable {
      asio::get_associated_cancellation_slot(handler).clear();
      std::move(handler)(error, std::move(value));
    });
  };
}

class CurlBodyStream final : public BodyStream {
 public:
  CurlBodyStream(std::shared_ptr<CurlDriver> driver, std::shared_ptr<Exchange> exchange)
      : driver_(std::move(driver)), exchange_(std::move(exchange)) {}
  ~CurlBodyStream() override { driver_->abort(exchange_); }
  CurlBodyStream(const CurlBodyStream&) = delete;
  CurlBodyStream& operator=(const CurlBodyStream&) = delete;

  Task<Result<std::optional<std::string>>> next() override {
    PieceQueue::Taken taken = exchange_->pieces.take();
    if (taken.resume) driver_->resume(exchange_);
    if (taken.piece) co_return std::move(*taken.piece);
    Piece piece =
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code, Piece)>(
            [](auto handler, std::shared_ptr<CurlDriver> driver,
               std::shared_ptr<Exchange> exchange) {
              wait_for_piece(std::move(handler), *driver, std::move(exchange));
            },
            asio::use_awaitable, driver_, exchange_);
    co_return piece;
  }

 private:
  template <class H>
  static void wait_for_piece(H handler, CurlDriver& driver, std::shared_ptr<Exchange> exchange) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([exchange](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        PieceCompletion waiting = exchange->pieces.withdraw();
        if (waiting) waiting(asio::error::operation_aborted, std::nullopt);
      });
    }
    PieceCompletion completion = resumer<Piece>(std::move(handler));
    PieceQueue::Taken taken = exchange->pieces.take_or_wait(completion);
    if (taken.resume) driver.resume(exchange);
    if (taken.piece) completion({}, std::move(*taken.piece));
  }

  std::shared_ptr<CurlDriver> driver_;
  std::shared_ptr<Exchange> exchange_;
};

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(CurlOptions options)
      : driver_(std::make_shared<CurlDriver>(std::move(options))) {}

  Task<Result<Response>> send(Request request) override {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    Result<Response> response = co_await perform(driver_, std::move(exchange));
    co_return response;
  }

  Task<Result<StreamingResponse>> stream(Request request,
                                         std::chrono::milliseconds idle_max) override {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    exchange->idle_max = idle_max;
    // Made before the wait, so that whatever happens then, the transfer is given up with it.
    auto body = std::make_unique<CurlBodyStream>(driver_, exchange);
    Result<Response> response = co_await perform(driver_, std::move(exchange));
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return StreamingResponse{.status = response->status,
                                .headers = std::move(response->headers),
                                .body = std::move(body)};
  }

 private:
  static Task<Result<Response>> perform(std::shared_ptr<CurlDriver> driver,
                                        std::shared_ptr<Exchange> exchange) {
    Result<Response> response = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                                              void(error_code, Result<Response>)>(
        [](auto handler, std::shared_ptr<CurlDriver> on, std::shared_ptr<Exchange> what) {
          auto slot = asio::get_associated_cancellation_slot(handler);
          if (slot.is_connected()) {
            slot.assign([on, what](asio::cancellation_type type) {
              if (type != asio::cancellation_type::none) on->abort(what);
            });
          }
          what->completion = resumer<Result<Response>>(std::move(handler));
          on->start(what);
        },
        asio::use_awaitable, std::move(driver), std::move(exchange));
    co_return response;
  }

  std::shared_ptr<CurlDriver> driver_;
};

}  // namespace

std::unique_ptr<HttpClient> make_curl_client(CurlOptions options) {
  return std::make_unique<CurlHttpClient>(std::move(options));
}

}  // namespace clickdeploy::http
