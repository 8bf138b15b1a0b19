#include "controller/http/gzip.h"

#include <gtest/gtest.h>

#include <random>
#include <zlib.h>

namespace clickdeploy::http {
namespace {

std::string unzipped(const std::string& bytes, std::size_t size) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string input = bytes;
  std::string result(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  return result;
}

TEST(Gzip, GivesBackWhatWentIn) {
  std::mt19937 random(3);
  std::string noise(300'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(500'000, 'a'), noise}) {
    const std::string packed = gzip(text);
    EXPECT_EQ(unzipped(packed, text.size()), text);
  }
  EXPECT_LT(gzip(std::string(500'000, 'a')).size(), 5'000U);
}

TEST(Gzip, IsOnlyForWhoTakesIt) {
  for (const char* header : {"gzip", "deflate, gzip", "gzip;q=0.5", "GZIP", "br,gzip"}) {
    EXPECT_TRUE(accepts_gzip(header)) << header;
  }
  for (const char* header : {"", "identity", "gzip;q=0", "x-gzip", "*"}) {
    EXPECT_FALSE(accepts_gzip(header)) << header;
  }
}

}  // namespace
}  // namespace clickdeploy::http
