// The bytes of a connection: what they mean may not depend on how they arrive.

#include "controller/apiserver/request_internal.h"
#include "controller/http/server_request_internal.h"
#include "tests/fuzz/fuzz.h"

#include <boost/asio/buffer.hpp>

#include <optional>

using namespace clickdeploy;

namespace {

struct Outcome {
  int refused = 0;  // the status, or 0
  std::optional<http::Request> request;
  std::size_t rest = 0;  // bytes that belong to the next request
};

Outcome read_in_pieces(std::string_view bytes, std::size_t piece) {
  http::ServerOptions options;
  options.body_bytes_max = 4096;
  options.header_bytes_max = 2048;
  http::RequestParser parser(options);
  boost::beast::flat_buffer input;
  bool head_done = false;
  while (true) {
    const auto done = head_done ? parser.parse_body(input) : parser.parse_head(input);
    if (!done) return {.refused = done.error().status};
    if (*done && head_done) return {.request = parser.take(), .rest = input.size() + bytes.size()};
    if (*done) {
      head_done = true;
      continue;
    }
    if (bytes.empty()) return {};
    const std::string_view next = bytes.substr(0, piece);
    bytes.remove_prefix(next.size());
    input.commit(boost::asio::buffer_copy(input.prepare(next.size()),
                                          boost::asio::buffer(next.data(), next.size())));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  Outcome whole = read_in_pieces(bytes, bytes.size() + 1);
  const Outcome pieces = read_in_pieces(bytes, 1);
  if (whole.request && pieces.request) {
    fuzz::promise(whole.request->method == pieces.request->method &&
                      whole.request->url == pieces.request->url &&
                      whole.request->headers == pieces.request->headers &&
                      whole.request->body == pieces.request->body,
                  "a request is the same in pieces");
    fuzz::promise(whole.rest == pieces.rest, "a request ends in pieces where it ends as a whole");
  }
  fuzz::promise(whole.request.has_value() == pieces.request.has_value(),
                "what is a request is one in pieces, too");
  if (!whole.request) return 0;
  auto read = apiserver::ApiRequest::read(std::move(*whole.request));
  if (read) apiserver::negotiate(*read, apiserver::Shape::List);
  return 0;
}
