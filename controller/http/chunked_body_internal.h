// ChunkedBody: a body that comes in chunks, read from bytes that come in any pieces. Does no I/O.
//
// Chunk extensions and trailers are read over: nothing here means anything by them, and a trailer
// that became a header would be one that nobody had judged.

#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy::http {

enum class ChunkProblem : std::uint8_t {
  Malformed,
  TooLarge,     // the body
  TooMuchElse,  // sizes, extensions and trailers
};

class ChunkedBody {
 public:
  explicit ChunkedBody(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Takes what it can from the front of `input`. True: the body is complete, and what is left
  // belongs to the next request. Not to be called again after an end or a problem.
  std::expected<bool, ChunkProblem> read(std::string_view& input);

  std::string take() { return std::move(body_); }

 private:
  enum class State : std::uint8_t { Size, Data, DataEnd, Trailer };

  std::expected<bool, ChunkProblem> read_line(std::string_view& input);
  std::expected<bool, ChunkProblem> end_line();

  const std::size_t bytes_max_;
  State state_ = State::Size;
  std::string line_;  // what there is of the current one, without its end
  std::size_t else_bytes_ = 0;
  std::size_t chunk_left_ = 0;
  std::string body_;
};

}  // namespace clickdeploy::http
