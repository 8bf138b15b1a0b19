// Frames of WebSocket: those that a server writes, and what a client's come to.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace clickdeploy::http {

enum class WebSocketClose : std::uint16_t { Normal = 1000, GoingAway = 1001 };

std::string text_frame(std::string_view text);
std::string close_frame(WebSocketClose code);

// Takes apart what a client sends, in pieces of any size. Keeps at most one control frame.
class WebSocketInput {
 public:
  // False once the client has closed, or sent what no client may.
  bool read(std::string_view bytes);

  // The frame that answers the last ping; empty if there is nothing to answer.
  std::string take_pong();

 private:
  bool is_control() const;
  bool begin_payload();
  bool end_frame();

  std::string head_;        // of the frame at hand
  std::string payload_;     // of a control frame; others are passed over
  std::uint64_t left_ = 0;  // of its payload
  bool in_payload_ = false;
  std::string pong_;
};

}  // namespace clickdeploy::http
