// CurlTransfer: an Exchange while the driver has it: its easy handle and what has been received.
//
// Belongs to the driver's thread.

#pragma once

#include "controller/http/curl_driver_internal.h"

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace clickdeploy::http {

struct CurlTransfer {
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class State { Queued, Running, Streaming };

  struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  CurlTransfer(std::shared_ptr<Exchange> of, TimePoint now);

  // Makes the easy handle. InvalidArgument if the request cannot be put on the wire.
  Result<void> prepare(const CurlOptions& options);

  // What the end of the transfer means; nothing if the whole reply is here.
  std::optional<Error> error_of(CURLcode code) const;

  bool is_stream() const { return exchange->idle_max.has_value(); }

  std::shared_ptr<Exchange> exchange;
  State state = State::Queued;
  TimePoint deadline;       // of the exchange, or of the silence in a stream
  TimePoint last_received;  // streams
  bool paused = false;      // streams
  bool headers_done = false;
  bool too_large = false;
  std::size_t header_bytes = 0;
  Response response;
  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> header_list;
  std::unique_ptr<curl_slist, FreeList> connect_to;
  std::array<char, CURL_ERROR_SIZE> error_text{};

 private:
  Result<void> set_headers();
  void set_method();
  void set_tls(const TlsOptions& tls);
  void set_trust(const PeerTrust& trust);
  void on_header(std::string_view line);
  std::size_t on_body(std::string_view piece);
  void drop_encoding_headers();
  bool was_sent() const;

  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t body_callback(char* data, std::size_t size, std::size_t count, void* self);
};

}  // namespace clickdeploy::http
