// How a Session writes a body that comes in pieces.

#include "controller/http/server_session_internal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <exception>
#include <optional>
#include <utility>

namespace clickdeploy::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// What a client may send ahead while its stream runs; more stays in the kernel.
constexpr std::size_t kInputBytesMax = 64 * 1024;

// Not the cancellation that the session itself asked for.
bool is_bug(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() != asio::error::operation_aborted;
  } catch (...) {
    return true;
  }
}

}  // namespace

// The pieces are made and written by a coroutine of its own: it is unwound when the peer leaves or
// the server stops while it waits for a piece, and this one goes on. True if the client has the
// whole body: the last chunk is sent. A body that breaks has none, so that the client can tell.
Task<bool> Session::write_stream(std::unique_ptr<BodyStream> stream, Framing framing) {
  start_watching();
  auto token =
      asio::bind_cancellation_slot(stream_cancel_.slot(), asio::as_tuple(asio::use_awaitable));
  auto [failure, written] =
      co_await asio::co_spawn(executor_, write_pieces(*stream, framing), token);
  making_piece_ = false;
  stream.reset();
  const bool stopped = draining_ || peer_gone_ || peer_closed_;
  if (failure && !stopped && is_bug(failure)) {
    spdlog::error("Body stream failed with an exception, which is a bug");
  }
  bool whole = failure ? stopped : written;
  if (closed_ || peer_gone_) whole = false;
  if (whole && framing == Framing::Chunked) {
    std::array<asio::const_buffer, 1> last{asio::buffer("0\r\n\r\n", 5)};
    whole = co_await write_all(last);
  }
  co_await stop_watching();
  if (whole && websocket_) co_await write_close();
  co_return whole && !peer_gone_;
}

// False if the body breaks or cannot be written.
Task<bool> Session::write_pieces(BodyStream& stream, Framing framing) {
  while (!draining_ && !peer_gone_ && !peer_closed_) {
    making_piece_ = true;
    Result<std::optional<std::string>> piece = co_await stream.next();
    making_piece_ = false;
    if (!piece) co_return false;
    if (!*piece) break;
    if ((*piece)->empty()) continue;  // an empty chunk would mean the end

    const std::string size = fmt::format("{:x}\r\n", (*piece)->size());
    std::array<asio::const_buffer, 3> buffers{asio::buffer(size), asio::buffer(**piece),
                                              asio::buffer("\r\n", 2)};
    std::span<asio::const_buffer> parts(buffers);
    if (framing == Framing::UntilClose) parts = parts.subspan(1, 1);
    bool written = false;
    if (websocket_) {
      written = co_await write_in_turn(parts);
    } else {
      written = co_await write_all(parts);
    }
    if (!written) co_return false;
  }
  co_return true;
}

// One after the other: a frame must not stand inside another one.
Task<bool> Session::write_in_turn(std::span<asio::const_buffer> buffers) {
  while (writing_) {
    auto [cancelled] = co_await turn_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)cancelled;
  }
  writing_ = true;
  bool written = co_await write_all(buffers);
  writing_ = false;
  turn_.cancel();
  co_return written;
}

Task<void> Session::write_close() {
  const std::string frame =
      close_frame(draining_ ? WebSocketClose::GoingAway : WebSocketClose::Normal);
  std::array<asio::const_buffer, 1> buffers{asio::buffer(frame)};
  bool written = co_await write_all(buffers);
  if (!written) peer_gone_ = true;
}

// What is being written is written to its end; nothing more is waited for.
void Session::cancel_piece() {
  if (making_piece_) stream_cancel_.emit(asio::cancellation_type::terminal);
}

// Reads while the stream is written: a watch may be silent for an hour, and only a read tells that
// its client has left.
Task<void> Session::watch_peer() {
  while (input_.size() < kInputBytesMax) {
    bool more = co_await read_more();
    if (more && websocket_) {
      bool open = co_await read_websocket();
      if (open) continue;
      peer_closed_ = true;
      co_return;
    }
    if (more) continue;
    peer_gone_ = watching_;
    co_return;
  }
}

// False once the client has closed.
Task<bool> Session::read_websocket() {
  const auto bytes = input_.data();
  const bool open = websocket_->read({static_cast<const char*>(bytes.data()), bytes.size()});
  input_.clear();
  const std::string pong = websocket_->take_pong();
  if (!open || pong.empty()) co_return open;
  std::array<asio::const_buffer, 1> buffers{asio::buffer(pong)};
  bool written = co_await write_in_turn(buffers);
  co_return written;
}

void Session::start_watching() {
  watching_ = true;
  watch_running_ = true;
  auto ended = [self = shared_from_this()](const std::exception_ptr& /*cancelled*/) {
    self->watch_running_ = false;
    self->watch_ended_.cancel();
    if (self->peer_gone_ || self->peer_closed_) self->cancel_piece();
  };
  asio::co_spawn(executor_, watch_peer(),
                 asio::bind_cancellation_slot(watch_cancel_.slot(), std::move(ended)));
}

// The next request's bytes must not be read by two at once, so this waits for the watcher's end.
Task<void> Session::stop_watching() {
  watching_ = false;
  watch_cancel_.emit(asio::cancellation_type::terminal);
  while (watch_running_) {
    auto [cancelled] = co_await watch_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)cancelled;
  }
}

}  // namespace clickdeploy::http
