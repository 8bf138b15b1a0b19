#include "tests/openstack/virtual_world.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace clickdeploy::openstack {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::nanoseconds;

VirtualWorld::~VirtualWorld() {
  // A frame that is destroyed may hold others: until no more come.
  while (!sleepers_.empty()) {
    std::map<Key, WakeUp> dropped = std::move(sleepers_);
    sleepers_.clear();
  }
}

Task<void> VirtualWorld::sleep(nanoseconds duration) {
  const Key key{now_ + std::max(duration, nanoseconds(0)), sequence_++};
  auto start = [](auto handler, VirtualWorld* world, Key at) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([world, at](asio::cancellation_type) {
        auto found = world->sleepers_.find(at);
        if (found == world->sleepers_.end()) return;
        asio::post(world->context_, [wake_up = std::move(found->second)]() mutable {
          wake_up(asio::error::operation_aborted);
        });
        world->sleepers_.erase(found);
      });
    }
    world->sleepers_.emplace(at, [handler = std::move(handler)](error_code error) mutable {
      std::move(handler)(error);
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      start, asio::use_awaitable, this, key);
}

bool VirtualWorld::advance_to_next(SteadyTime latest) {
  if (sleepers_.empty() || sleepers_.begin()->first.first > latest) return false;
  auto first = sleepers_.begin();
  now_ = std::max(now_, first->first.first);
  WakeUp wake_up = std::move(first->second);
  sleepers_.erase(first);
  wake_up({});
  return true;
}

void VirtualWorld::run_for(nanoseconds duration) {
  const SteadyTime end = now_ + duration;
  do {
    context_.restart();
    context_.poll();
  } while (advance_to_next(end));
  now_ = end;
}

bool VirtualWorld::run_until(const std::function<bool()>& done) {
  const SteadyTime end = now_ + std::chrono::hours(24);
  while (true) {
    context_.restart();
    while (!done() && context_.poll_one() > 0) {
    }
    if (done()) return true;
    if (!advance_to_next(end)) return false;
  }
}

}  // namespace clickdeploy::openstack
