// Bodies in chunks: whole and byte by byte they mean the same.

#include "controller/http/chunked_body_internal.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace clickdeploy::http {
namespace {

struct Read {
  std::optional<ChunkProblem> problem;
  bool whole = false;
  std::string body;
  std::string rest;  // what was not taken

  bool operator==(const Read&) const = default;
};

Read read(std::string_view bytes, std::size_t piece) {
  ChunkedBody chunks(10);
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    std::expected<bool, ChunkProblem> done = chunks.read(input);
    if (!done) return {.problem = done.error(), .whole = false, .body = {}, .rest = {}};
    if (!*done) continue;
    return {.problem = {},
            .whole = true,
            .body = chunks.take(),
            .rest = std::string(input) + std::string(bytes)};
  }
  return {};
}

struct ChunkCase {
  std::string name;
  std::string bytes;
  Read want;
};

ChunkCase good(std::string name, std::string bytes, std::string body, std::string rest = {}) {
  return {std::move(name), std::move(bytes), {{}, true, std::move(body), std::move(rest)}};
}
ChunkCase bad(std::string name, std::string bytes, ChunkProblem problem = ChunkProblem::Malformed) {
  return {std::move(name), std::move(bytes), {problem, false, {}, {}}};
}

class ChunkedBodies : public ::testing::TestWithParam<ChunkCase> {};

TEST_P(ChunkedBodies, MeanTheSameInAnyPieces) {
  const ChunkCase& c = GetParam();
  EXPECT_EQ(read(c.bytes, c.bytes.size()), c.want);
  EXPECT_EQ(read(c.bytes, 1), c.want);
  EXPECT_EQ(read(c.bytes, 3), c.want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ChunkedBodies,
    ::testing::Values(
        good("Nothing", "0\r\n\r\n", ""), good("ManyZeros", "0000000000000000000\r\n\r\n", ""),
        good("TwoChunks", "3\r\nabc\r\n2\r\n\r\n\r\n0\r\n\r\n", "abc\r\n"),
        good("UpperCaseSize", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        good("Extensions", "1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n", "x"),
        good("SpaceAfterTheSize", "1 \r\nx\r\n0\r\n\r\n", "x"),
        good("Trailers", "1\r\nx\r\n0\r\nHost: other\r\nX-A: b\r\n\r\n", "x"),
        good("TheNextRequestIsLeft", "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1", "x", "GET / HTTP/1.1"),
        ChunkCase{"Unfinished", "3\r\nab", {}}, ChunkCase{"WithoutTrailersEnd", "0\r\n", {}},
        bad("NoSize", "\r\n"), bad("NotHexadecimal", "g\r\n"), bad("Sign", "+1\r\nx\r\n"),
        bad("Prefix", "0x1\r\nx\r\n"), bad("JunkAfterTheSize", "1 1\r\nx\r\n"),
        bad("BareLineFeed", "1\nx\r\n"), bad("BareReturn", "1\rx\r\n"),
        bad("ReturnTwice", "1\r\r\nx"), bad("NulInExtension", std::string("1;\0\r\n", 5)),
        bad("DataIsLonger", "1\r\nxy\r\n"), bad("BareLineFeedInTrailers", "0\r\nA: b\n\r\n"),
        bad("OverTheLimit", "b\r\n", ChunkProblem::TooLarge),
        bad("OverTheLimitTogether", "6\r\n123456\r\n6\r\n", ChunkProblem::TooLarge),
        bad("SizeOverflows", "10000000000000000\r\n", ChunkProblem::TooLarge),
        bad("LongExtension", "1;" + std::string(100'000, 'e'), ChunkProblem::TooMuchElse),
        bad("LongTrailers", "0\r\n" + std::string(100'000, 't'), ChunkProblem::TooMuchElse)),
    [](const ::testing::TestParamInfo<ChunkCase>& row) { return row.param.name; });

TEST(ChunkedBody, ManySmallChunksMayNotCarryMuchElse) {
  ChunkedBody chunks(1'000'000);
  const std::string small = "1;" + std::string(40, 'e') + "\r\nx\r\n";
  std::size_t taken = 0;
  for (; taken < 10'000; ++taken) {
    std::string_view input = small;
    const std::expected<bool, ChunkProblem> done = chunks.read(input);
    if (!done) break;
  }
  EXPECT_GT(taken, 100U);
  EXPECT_LT(taken, 1'000U);
}

TEST(ChunkedBody, SmallChunksOfTheUsualFormAreFine) {
  ChunkedBody chunks(1'000'000);
  for (int i = 0; i < 100'000; ++i) {
    std::string_view input = "1\r\nx\r\n";
    const std::expected<bool, ChunkProblem> done = chunks.read(input);
    ASSERT_TRUE(done.has_value()) << i;
  }
}

}  // namespace
}  // namespace clickdeploy::http
