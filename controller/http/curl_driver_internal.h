// CurlDriver: the thread on which libcurl's multi interface runs, and its queue of exchanges.
//
// All calls from any thread. Completions are called on the driver's thread and must not block.

#pragma once

#include "controller/http/http_client.h"
#include "controller/http/piece_queue_internal.h"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace clickdeploy::http {

// operation_aborted if the exchange was aborted; the result means nothing then.
using Completion = std::move_only_function<void(boost::system::error_code, Result<Response>)>;

// One request and what waits for it.
struct Exchange {
  Request request;
  // Set for a stream: `completion` is called when the headers are there, the body goes to `pieces`.
  std::optional<std::chrono::milliseconds> idle_max;
  Completion completion;  // called exactly once
  PieceQueue pieces;
};

class CurlDriver {
 public:
  explicit CurlDriver(CurlOptions options);
  ~CurlDriver();  // aborts what is left, joins
  CurlDriver(const CurlDriver&) = delete;
  CurlDriver& operator=(const CurlDriver&) = delete;

  void start(std::shared_ptr<Exchange> exchange);
  void abort(std::shared_ptr<Exchange> exchange);   // nothing happens if it has ended
  void resume(std::shared_ptr<Exchange> exchange);  // its reader has made room

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clickdeploy::http
