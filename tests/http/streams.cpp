#include "tests/http/streams.h"

#include <utility>

namespace clickdeploy::http::testing {

class SourceStream final : public BodyStream {
 public:
  explicit SourceStream(Source& source) : source_(source) { ++source_.living_; }
  ~SourceStream() override { --source_.living_; }
  SourceStream(const SourceStream&) = delete;
  SourceStream& operator=(const SourceStream&) = delete;

  Task<Result<std::optional<std::string>>> next() override {
    while (true) {
      const std::uint64_t seen = source_.changed_.version();
      std::optional<Source::Piece> piece = source_.take();
      if (piece) co_return std::move(*piece);
      co_await source_.changed_.wait(seen);
    }
  }

 private:
  Source& source_;
};

void Source::put(std::string piece) {
  put_piece(std::optional<std::string>(std::move(piece)));
}
void Source::end() {
  put_piece(std::optional<std::string>());
}
void Source::fail(Error error) {
  put_piece(std::unexpected(std::move(error)));
}
std::unique_ptr<BodyStream> Source::stream() {
  return std::make_unique<SourceStream>(*this);
}

void Source::put_piece(Piece piece) {
  {
    std::lock_guard lock(mutex_);
    pieces_.push_back(std::move(piece));
  }
  changed_.notify();
}

std::optional<Source::Piece> Source::take() {
  std::lock_guard lock(mutex_);
  if (pieces_.empty()) return std::nullopt;
  std::optional<Piece> piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

Task<Result<std::string>> read_whole(BodyStream& stream) {
  std::string whole;
  while (true) {
    Result<std::optional<std::string>> piece = co_await stream.next();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (!*piece) co_return whole;
    whole += **piece;
  }
}

}  // namespace clickdeploy::http::testing
