// What a client sends on a WebSocket: it may not matter how it arrives.

#include "controller/http/websocket_internal.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace clickdeploy;

namespace {

struct Outcome {
  bool open = true;
  std::string pong;

  bool operator==(const Outcome&) const = default;
};

Outcome read_in_pieces(std::string_view bytes, std::size_t piece) {
  http::WebSocketInput input;
  Outcome outcome;
  while (!bytes.empty() && outcome.open) {
    outcome.open = input.read(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  outcome.pong = input.take_pong();
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const Outcome whole = read_in_pieces(bytes, std::max<std::size_t>(size, 1));
  fuzz::promise(whole.pong.size() <= 127, "a pong is small");
  fuzz::promise(read_in_pieces(bytes, 1) == whole, "byte by byte is the same");
  fuzz::promise(read_in_pieces(bytes, 7) == whole, "in pieces is the same");
  return 0;
}
