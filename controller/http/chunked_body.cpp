#include "controller/http/chunked_body_internal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace clickdeploy::http {
namespace {

constexpr std::size_t kElseBytesMax = 16 * 1024;  // beyond what a chunk of the usual size needs
constexpr std::size_t kElseBytesOfChunk = 16;

// Of the line that begins a chunk, whose extensions may be anything but control characters.
std::expected<std::size_t, ChunkProblem> chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error == std::errc::result_out_of_range) return std::unexpected(ChunkProblem::TooLarge);
  if (error != std::errc()) return std::unexpected(ChunkProblem::Malformed);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  const std::size_t extension = line.find_first_not_of(" \t");
  if (extension != std::string_view::npos && line[extension] != ';') {
    return std::unexpected(ChunkProblem::Malformed);
  }
  return size;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

std::expected<bool, ChunkProblem> ChunkedBody::read(std::string_view& input) {
  while (!input.empty()) {
    if (state_ == State::Data) {
      const std::size_t taken = std::min(chunk_left_, input.size());
      body_.append(input.substr(0, taken));
      input.remove_prefix(taken);
      chunk_left_ -= taken;
      if (chunk_left_ == 0) state_ = State::DataEnd;
      continue;
    }
    std::expected<bool, ChunkProblem> whole = read_line(input);
    if (!whole) return std::unexpected(whole.error());
    if (!*whole) break;
    std::expected<bool, ChunkProblem> ended = end_line();
    if (!ended) return std::unexpected(ended.error());
    if (*ended) return true;
  }
  return false;
}

// Moves the front of `input` to the line, up to the line's end. Only "\r\n" is one: what else might
// be taken for one is refused, before two programs can read it differently.
std::expected<bool, ChunkProblem> ChunkedBody::read_line(std::string_view& input) {
  while (!input.empty()) {
    const char c = input.front();
    const bool after_return = !line_.empty() && line_.back() == '\r';
    if (after_return != (c == '\n')) return std::unexpected(ChunkProblem::Malformed);
    if (is_control(c) && c != '\r' && c != '\n') return std::unexpected(ChunkProblem::Malformed);
    input.remove_prefix(1);
    if (++else_bytes_ > kElseBytesMax) return std::unexpected(ChunkProblem::TooMuchElse);
    if (c == '\n') {
      line_.pop_back();
      return true;
    }
    line_ += c;
  }
  return false;
}

// True: it was the last one.
std::expected<bool, ChunkProblem> ChunkedBody::end_line() {
  const State before = state_;
  if (before == State::DataEnd) {
    if (!line_.empty()) return std::unexpected(ChunkProblem::Malformed);
    state_ = State::Size;
    return false;
  }
  if (before == State::Trailer) {
    const bool last = line_.empty();
    line_.clear();
    return last;
  }
  std::expected<std::size_t, ChunkProblem> size = chunk_size(line_);
  if (!size) return std::unexpected(size.error());
  line_.clear();
  if (*size > bytes_max_ - body_.size()) return std::unexpected(ChunkProblem::TooLarge);
  chunk_left_ = *size;
  state_ = *size == 0 ? State::Trailer : State::Data;
  else_bytes_ -= std::min(else_bytes_, kElseBytesOfChunk + 2 * *size);
  return false;
}

}  // namespace clickdeploy::http
