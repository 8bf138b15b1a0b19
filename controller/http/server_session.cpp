#include "controller/http/server_session_internal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <exception>
#include <optional>
#include <utility>

namespace clickdeploy::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// A body of 3 MiB needs 50 KiB/s to arrive in time.
constexpr std::chrono::milliseconds kBodyTimeout{60'000};
constexpr std::chrono::milliseconds kLingerTimeout{1'000};
constexpr std::size_t kLingerBytesMax = 8 * 1024 * 1024;

}  // namespace

Session::Session(std::unique_ptr<Connection> connection, Executor executor, std::string peer,
                 Purpose purpose, const ServerOptions& options, const Handler& handler)
    : connection_(std::move(connection)),
      executor_(executor),
      peer_(std::move(peer)),
      purpose_(purpose),
      options_(options),
      handler_(handler),
      timer_(executor),
      watch_ended_(executor, TimePoint::max()),
      turn_(executor, TimePoint::max()) {}

Task<void> Session::run() {
  expire_after(options_.header_timeout);
  IoResult ready = co_await connection_->handshake();
  bool open = !ready.error;
  if (open && purpose_ == Purpose::Refuse) {
    co_await refuse(503, "too many connections");
    open = false;
  }
  while (open) {
    open = co_await serve_one();
  }
}

void Session::release() {
  closed_ = true;
  never_expire();
  timer_.cancel();
  connection_->close();
}

void Session::drain() {
  draining_ = true;
  if (idle_) connection_->close();
  cancel_piece();
}

void Session::abandon() {
  draining_ = true;
  closed_ = true;
  peer_gone_ = true;
  connection_->close();
  cancel_piece();
  run_cancel_.emit(asio::cancellation_type::terminal);
}

// One request and its reply. False: the connection is of no further use.
Task<bool> Session::serve_one() {
  RequestParser parser(options_);
  bool read = co_await read_request(parser);
  if (!read) co_return false;
  never_expire();
  const bool head_only = parser.is_head();
  const bool http_1_0 = parser.is_http_1_0();
  const bool keep_alive = parser.keep_alive();
  Request request = parser.take();
  request.peer = peer_;

  Reply reply = co_await call_handler(std::move(request));
  if (closed_) co_return false;
  if (reply.stream != nullptr && !head_only) {
    const bool upgraded = reply.response.status == 101;
    const Framing framing = http_1_0 || upgraded ? Framing::UntilClose : Framing::Chunked;
    const bool reusable = keep_alive && framing == Framing::Chunked && !draining_;
    if (upgraded) websocket_.emplace();
    std::string head = response_head(reply.response, framing, 0,
                                     reusable ? AfterReply::KeepAlive : AfterReply::Close);
    std::array<asio::const_buffer, 1> buffers{asio::buffer(head)};
    bool written = co_await write_all(buffers);
    if (written) written = co_await write_stream(std::move(reply.stream), framing);
    if (written && framing == Framing::UntilClose) co_await linger();
    const bool goes_on = written && reusable && !draining_;
    co_return goes_on;
  }
  bool goes_on = co_await write_reply(std::move(reply), head_only, keep_alive);
  co_return goes_on;
}

Task<bool> Session::read_request(RequestParser& parser) {
  if (input_.size() == 0) {
    if (draining_) co_return false;
    idle_ = true;
    expire_after(options_.idle_timeout);
    bool more = co_await read_more();
    idle_ = false;
    if (!more) co_return false;
  }
  bool timing = false;
  while (true) {
    std::expected<bool, BadRequest> whole = parser.parse_head(input_);
    if (!whole) {
      BadRequest why = std::move(whole).error();
      co_await refuse(why.status, std::move(why.message));
      co_return false;
    }
    if (*whole) break;
    if (!timing) expire_after(options_.header_timeout);
    timing = true;
    bool more = co_await read_more();
    if (!more && expired_) co_await refuse(408, "request headers took too long");
    if (!more) co_return false;
  }
  bool done = co_await read_body(parser);
  co_return done;
}

Task<bool> Session::read_body(RequestParser& parser) {
  bool timing = false;
  while (true) {
    std::expected<bool, BadRequest> whole = parser.parse_body(input_);
    if (!whole) {
      BadRequest why = std::move(whole).error();
      co_await refuse(why.status, std::move(why.message));
      co_return false;
    }
    if (*whole) co_return true;
    if (!timing) {
      timing = true;
      expire_after(kBodyTimeout);
      if (parser.expects_continue() && input_.size() == 0) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        std::array<asio::const_buffer, 1> buffers{asio::buffer(kContinue)};
        bool written = co_await write_all(buffers);
        if (!written) co_return false;
        expire_after(kBodyTimeout);
      }
    }
    bool more = co_await read_more();
    if (!more && expired_) co_await refuse(408, "request body took too long");
    if (!more) co_return false;
  }
}

Task<bool> Session::read_more() {
  asio::mutable_buffer room = input_.prepare(kReadBytes);
  IoResult result = co_await connection_->read_some(room);
  input_.commit(result.bytes);
  co_return !result.error && !expired_;
}

// A handler that takes too long is cancelled; what it was asked to do may be done all the same.
Task<Reply> Session::call_handler(Request request) {
  handling_ = true;
  expire_after(options_.request_timeout);
  Reply reply = co_await try_handler(std::move(request));
  handling_ = false;
  const bool late = expired_;
  never_expire();
  if (!late || closed_) co_return reply;
  // The cancellation was the handler's alone.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_return Reply{.response = error_response(504,
                                             "Timeout: the request took too long; what it "
                                             "asked for may be done all the same"),
                  .shared = nullptr,
                  .stream = nullptr};
}

// A handler that throws is a bug of the program, but not one that other clients should suffer from.
Task<Reply> Session::try_handler(Request request) {
  std::string method = request.method;
  std::string problem;
  try {
    Reply reply = co_await handler_(std::move(request));
    if (has_valid_headers(reply.response)) co_return reply;
    problem = "it made a malformed header";
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted && closed_) throw;  // the server stops
    if (error.code() == asio::error::operation_aborted && expired_) co_return Reply();
    problem = error.what();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  spdlog::error("Handler of a {} request failed, which is a bug: {}", method, problem);
  co_return Reply{
      .response = error_response(500, "internal error"), .shared = nullptr, .stream = nullptr};
}

Task<bool> Session::write_reply(Reply reply, bool head_only, bool keep_alive) {
  const bool reusable = keep_alive && !draining_;
  const std::string& body = reply.shared != nullptr ? *reply.shared : reply.response.body;
  const Framing framing = reply.stream != nullptr ? Framing::Chunked : Framing::Length;
  std::string head = response_head(reply.response, framing, body.size(),
                                   reusable ? AfterReply::KeepAlive : AfterReply::Close);
  const bool bodiless = head_only || reply.response.status == 204 || reply.response.status == 304;
  std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  const std::size_t count = bodiless ? 1 : 2;
  bool written = co_await write_all(std::span(buffers).first(count));
  // Bytes that were sent ahead of the last reply are not read any more.
  if (written && !reusable && input_.size() > 0) co_await linger();
  const bool goes_on = written && reusable;
  co_return goes_on;
}

// The answer of the server itself, after which nothing on this connection can be trusted.
Task<void> Session::refuse(int status, std::string message) {
  input_.clear();
  Reply reply;
  reply.response = error_response(status, message);
  bool reusable = co_await write_reply(std::move(reply), false, false);
  if (!reusable) co_await linger();
}

// Ends our side and swallows what the client still sends: closing with unread bytes would make the
// kernel reset the connection, and the client might lose the reply.
Task<void> Session::linger() {
  expire_after(kLingerTimeout);
  IoResult ended = co_await connection_->end_writes();
  std::size_t swallowed = 0;
  while (!ended.error && !expired_ && swallowed < kLingerBytesMax) {
    input_.clear();
    bool more = co_await read_more();
    if (!more) break;
    swallowed += input_.size();
  }
}

// The peer must take something before `idle_timeout` is over, again and again.
Task<bool> Session::write_all(std::span<asio::const_buffer> buffers) {
  while (!buffers.empty()) {
    if (buffers.front().size() == 0) {
      buffers = buffers.subspan(1);
      continue;
    }
    expire_after(options_.idle_timeout);
    IoResult result = co_await connection_->write_some(buffers);
    if (result.error) co_return false;
    for (std::size_t left = result.bytes; left > 0;) {
      const std::size_t used = std::min(left, buffers.front().size());
      buffers.front() += used;
      left -= used;
      if (buffers.front().size() == 0) buffers = buffers.subspan(1);
    }
  }
  never_expire();
  co_return true;
}

void Session::expire_after(std::chrono::milliseconds time) {
  expired_ = false;
  deadline_ = std::chrono::steady_clock::now() + time;
  if (deadline_ < timer_at_) arm_timer(deadline_);
}

void Session::never_expire() {
  deadline_ = TimePoint::max();
}

void Session::arm_timer(TimePoint at) {
  timer_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->on_timer();
  });
}

void Session::on_timer() {
  timer_at_ = TimePoint::max();
  if (deadline_ == TimePoint::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) {
    arm_timer(deadline_);
    return;
  }
  never_expire();
  expired_ = true;
  if (handling_) {
    run_cancel_.emit(asio::cancellation_type::terminal);
  } else {
    connection_->cancel();
  }
}

}  // namespace clickdeploy::http
