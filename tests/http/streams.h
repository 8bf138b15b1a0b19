// Streams for tests, and the reading of them.

#pragma once

#include "controller/async/signal.h"
#include "controller/http/message.h"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace clickdeploy::http::testing {

// What a test puts in comes out of the streams made from it. Any thread.
class Source {
 public:
  void put(std::string piece);
  void end();
  void fail(Error error);
  std::unique_ptr<BodyStream> stream();  // one reader at a time
  int living_streams() const { return living_; }

 private:
  friend class SourceStream;
  using Piece = Result<std::optional<std::string>>;
  void put_piece(Piece piece);
  std::optional<Piece> take();

  std::mutex mutex_;
  std::deque<Piece> pieces_;
  Signal changed_;
  std::atomic<int> living_ = 0;
};

// All of a stream, or its error.
Task<Result<std::string>> read_whole(BodyStream& stream);

}  // namespace clickdeploy::http::testing
