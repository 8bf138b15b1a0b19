// PieceQueue: what of a streamed body has arrived and is not read yet.
//
// One writer (the transfer's thread), one reader (any thread), at most one read at a time.

#pragma once

#include "controller/base/error.h"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::http {

using Piece = Result<std::optional<std::string>>;  // nullopt: the end
using PieceCompletion = std::move_only_function<void(boost::system::error_code, Piece)>;

class PieceQueue {
 public:
  static constexpr std::size_t kUnreadBytesMax = 1024 * 1024;

  // Writer. False if too much is unread: the piece was not taken, hold it until take() said so.
  bool push(std::string_view piece);
  void finish(std::optional<Error> error);  // the first call counts

  struct Taken {
    std::optional<Piece> piece;  // nothing: there is none yet
    bool resume = false;         // the writer was refused and may go on now
  };

  // Reader. Either may be the one that makes room: `resume` is to be obeyed after both.
  Taken take();
  // As take(), but keeps `completion` if there is no piece yet; it is called by the writer.
  Taken take_or_wait(PieceCompletion& completion);
  // The reader does not want it any more; empty if the writer was faster.
  PieceCompletion withdraw();

 private:
  Taken take_locked();

  std::mutex mutex_;
  std::string unread_;
  bool held_ = false;
  bool finished_ = false;
  std::optional<Error> error_;
  PieceCompletion waiting_;
};

}  // namespace clickdeploy::http
