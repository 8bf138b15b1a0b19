#include "controller/async/run_on.h"

#include "controller/async/block_on.h"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace clickdeploy {
namespace {

struct Threads {
  std::thread::id before;
  std::thread::id inside;
  std::thread::id after;
};

Task<Threads> visit(Executor executor) {
  Threads threads;
  threads.before = std::this_thread::get_id();
  std::thread::id inside = co_await run_on(executor, [] { return std::this_thread::get_id(); });
  threads.inside = inside;
  threads.after = std::this_thread::get_id();
  co_return threads;
}

TEST(RunOn, CallsThereAndComesBack) {
  ThreadExecutor thread;
  const Threads threads = block_on(visit(thread.executor()));
  EXPECT_NE(threads.inside, threads.before);
  EXPECT_EQ(threads.after, threads.before);
}

Task<std::unique_ptr<int>> move_only(Executor executor) {
  auto input = std::make_unique<int>(41);
  std::unique_ptr<int> output = co_await run_on(
      executor, [value = std::move(input)] { return std::make_unique<int>(*value + 1); });
  co_return output;
}

TEST(RunOn, ResultsNeedNotBeCopied) {
  ThreadExecutor thread;
  EXPECT_EQ(*block_on(move_only(thread.executor())), 42);
}

TEST(ThreadExecutor, DrainsBeforeItEnds) {
  std::atomic<int> done{0};
  {
    ThreadExecutor thread;
    for (int i = 0; i < 100; ++i) boost::asio::post(thread.executor(), [&] { ++done; });
  }
  EXPECT_EQ(done.load(), 100);
}

}  // namespace
}  // namespace clickdeploy
