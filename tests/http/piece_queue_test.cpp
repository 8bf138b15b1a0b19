#include "controller/http/piece_queue_internal.h"

#include <gtest/gtest.h>

#include <string>

namespace clickdeploy::http::testing {
namespace {

void fill(PieceQueue& queue) {
  while (queue.push(std::string(100'000, 'x'))) {
  }
}

TEST(PieceQueue, BothWaysOfReadingTellTheWriterToGoOn) {
  PieceQueue queue;
  fill(queue);
  PieceQueue::Taken taken = queue.take();
  EXPECT_TRUE(taken.piece);
  EXPECT_TRUE(taken.resume);

  fill(queue);
  PieceCompletion never = [](boost::system::error_code, const Piece&) { FAIL(); };
  taken = queue.take_or_wait(never);
  EXPECT_TRUE(taken.piece);
  EXPECT_TRUE(taken.resume);
  EXPECT_FALSE(queue.take().resume);
}

TEST(PieceQueue, WhatHasArrivedIsReadBeforeTheError) {
  PieceQueue queue;
  queue.push("a");
  queue.finish(Error(ErrorCode::Unavailable, "broken"));
  queue.finish(std::nullopt);  // too late
  EXPECT_EQ(queue.take().piece, Piece("a"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(queue.take().piece, Piece(fail(ErrorCode::Unavailable, "broken")));
  }
}

TEST(PieceQueue, WithdrawnReaderMissesNothing) {
  PieceQueue queue;
  PieceCompletion waiting = [](boost::system::error_code, const Piece&) { FAIL(); };
  EXPECT_FALSE(queue.take_or_wait(waiting).piece);
  EXPECT_TRUE(queue.withdraw());
  EXPECT_FALSE(queue.withdraw());
  queue.push("a");
  EXPECT_EQ(queue.take().piece, Piece("a"));
}

}  // namespace
}  // namespace clickdeploy::http::testing
