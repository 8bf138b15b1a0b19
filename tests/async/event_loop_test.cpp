#include "controller/async/event_loop.h"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>
#include <vector>

namespace clickdeploy {
namespace {

TEST(EventLoop, RunsUntilAnotherThreadStopsIt) {
  EventLoop loop;
  bool ran = false;
  boost::asio::post(loop.executor(), [&] { ran = true; });
  std::thread stopper([&] { boost::asio::post(loop.executor(), [&] { loop.stop(); }); });
  loop.run();
  stopper.join();
  EXPECT_TRUE(ran);
}

TEST(EventLoop, StopBeforeRunIsNotLost) {
  EventLoop loop;
  loop.stop();
  loop.run();
}

TEST(EventLoop, HandsSignalsToTheHandler) {
  EventLoop loop;
  std::vector<int> seen;
  loop.on_signal({SIGUSR1, SIGUSR2}, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 1) {
      std::raise(SIGUSR2);
    } else {
      loop.stop();
    }
  });
  boost::asio::post(loop.executor(), [] { std::raise(SIGUSR1); });
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace clickdeploy
