#include "controller/http/piece_queue_internal.h"

#include <utility>

namespace clickdeploy::http {

bool PieceQueue::push(std::string_view piece) {
  PieceCompletion waiting;
  {
    std::lock_guard lock(mutex_);
    if (unread_.size() > kUnreadBytesMax) {
      held_ = true;
      return false;
    }
    if (!waiting_) {
      unread_ += piece;
      return true;
    }
    waiting = std::exchange(waiting_, nullptr);
  }
  waiting({}, std::optional<std::string>(piece));
  return true;
}

void PieceQueue::finish(std::optional<Error> error) {
  PieceCompletion waiting;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    error_ = std::move(error);
    waiting = std::exchange(waiting_, nullptr);
  }
  if (!waiting) return;
  Taken taken = take();
  waiting({}, std::move(*taken.piece));
}

PieceQueue::Taken PieceQueue::take_locked() {
  Taken taken;
  if (!unread_.empty()) {
    taken.piece = std::optional<std::string>(std::exchange(unread_, {}));
    taken.resume = std::exchange(held_, false);
  } else if (finished_) {
    taken.piece = error_ ? Piece(std::unexpected(*error_)) : Piece(std::nullopt);
  }
  return taken;
}

PieceQueue::Taken PieceQueue::take() {
  std::lock_guard lock(mutex_);
  return take_locked();
}

PieceQueue::Taken PieceQueue::take_or_wait(PieceCompletion& completion) {
  std::lock_guard lock(mutex_);
  Taken taken = take_locked();
  if (!taken.piece) waiting_ = std::move(completion);
  return taken;
}

PieceCompletion PieceQueue::withdraw() {
  std::lock_guard lock(mutex_);
  return std::exchange(waiting_, nullptr);
}

}  // namespace clickdeploy::http
