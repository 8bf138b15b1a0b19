// Session: one connection of a server, from its first byte to its last.
//
// Belongs to its executor's thread, on which the handler's coroutines run too. Requests are served
// one after the other; bytes that a client sends ahead wait in `input_`.

#pragma once

#include "controller/http/connection_internal.h"
#include "controller/http/server.h"
#include "controller/http/server_request_internal.h"
#include "controller/http/server_response_internal.h"
#include "controller/http/websocket_internal.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace clickdeploy::http {

class Session : public std::enable_shared_from_this<Session> {
 public:
  enum class Purpose : std::uint8_t { Serve, Refuse };  // Refuse: 503 and the end

  // `options` and `handler` outlive the session.
  Session(std::unique_ptr<Connection> connection, Executor executor, std::string peer,
          Purpose purpose, const ServerOptions& options, const Handler& handler);

  // Serves until the connection is closed. Ends early if cancelled: it is to run with the slot.
  Task<void> run();
  boost::asio::cancellation_slot cancellation_slot() { return run_cancel_.slot(); }

  // No further request: closes at once if none is running, ends a stream, else waits for the reply.
  void drain();

  // Closes at once and cancels run().
  void abandon();

  // After run() has ended, in whatever way: lets go of the timer and the socket.
  void release();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  Task<bool> serve_one();
  Task<bool> read_request(RequestParser& parser);
  Task<bool> read_body(RequestParser& parser);
  Task<bool> read_more();
  Task<Reply> call_handler(Request request);
  Task<Reply> try_handler(Request request);
  Task<bool> write_reply(Reply reply, bool head_only, bool keep_alive);
  Task<bool> write_stream(std::unique_ptr<BodyStream> stream, Framing framing);
  Task<bool> write_pieces(BodyStream& stream, Framing framing);
  void cancel_piece();
  Task<bool> write_all(std::span<boost::asio::const_buffer> buffers);
  Task<void> refuse(int status, std::string message);
  Task<void> linger();

  Task<bool> write_in_turn(std::span<boost::asio::const_buffer> buffers);
  Task<void> write_close();
  Task<void> watch_peer();
  Task<bool> read_websocket();
  void start_watching();
  Task<void> stop_watching();

  void expire_after(std::chrono::milliseconds time);
  void never_expire();
  void arm_timer(TimePoint at);
  void on_timer();

  std::unique_ptr<Connection> connection_;
  const Executor executor_;
  const std::string peer_;
  const Purpose purpose_;
  const ServerOptions& options_;
  const Handler& handler_;
  boost::beast::flat_buffer input_;

  // One timer for all time-outs. It is moved only when a time-out gets nearer; when it rings too
  // early it is wound up again. Most requests so cost no timer operation at all.
  boost::asio::steady_timer timer_;
  TimePoint deadline_ = TimePoint::max();
  TimePoint timer_at_ = TimePoint::max();
  bool expired_ = false;

  boost::asio::cancellation_signal run_cancel_;
  bool handling_ = false;  // the handler runs, and may be cancelled by itself
  bool idle_ = false;      // between two requests
  bool draining_ = false;  // drain() was called
  bool closed_ = false;    // abandon() was called

  // While a stream is written.
  boost::asio::cancellation_signal stream_cancel_;
  bool making_piece_ = false;  // only then it may be cancelled
  boost::asio::cancellation_signal watch_cancel_;
  boost::asio::steady_timer watch_ended_;
  bool watching_ = false;  // an end of the connection means that the client has left
  bool watch_running_ = false;
  bool peer_gone_ = false;

  // Of a connection that became a WebSocket: two write then, the stream and who answers pings.
  std::optional<WebSocketInput> websocket_;
  bool peer_closed_ = false;  // by a frame
  bool writing_ = false;
  boost::asio::steady_timer turn_;
};

}  // namespace clickdeploy::http
