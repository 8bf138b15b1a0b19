// Task: a coroutine that some executor runs; the only piece of Asio that our headers see.
//
// House form: parameters by value, or references to objects that outlive the program part; named
// arguments; one co_await per statement, on the right of an `=`. Lambda coroutines capture nothing.
//
// Cancellation unwinds a Task: the wait it is in throws boost::system::system_error
// (operation_aborted), which nobody but TaskGroup catches. So hold resources in objects, not in
// code after a co_await.

#pragma once

#include "controller/base/error.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace clickdeploy {

using Executor = boost::asio::any_io_executor;

template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace clickdeploy
