#include "controller/http/gzip.h"

#include "controller/base/check.h"
#include "controller/base/text.h"

#include <zlib.h>

namespace clickdeploy::http {
namespace {

constexpr int kLevel = 1;             // as Kubernetes does: more costs much and saves little
constexpr int kGzipWindow = 15 + 16;  // the largest window, with the header of gzip
constexpr int kMemory = 8;            // zlib's default

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib has the memory that it needs");
  std::string result(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  // zlib does not write through next_in; its type is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int end = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(end == Z_STREAM_END, "the bound holds all of it");
  return result;
}

bool accepts_gzip(std::string_view accept_encoding) {
  for (const std::string& clause : split(accept_encoding, ',')) {
    const std::vector<std::string> parts = split(clause, ';');
    if (parts.empty() || to_lower(trim(parts.front())) != "gzip") continue;
    return parts.size() < 2 || (trim(parts[1]) != "q=0" && trim(parts[1]) != "q=0.0");
  }
  return false;
}

}  // namespace clickdeploy::http
