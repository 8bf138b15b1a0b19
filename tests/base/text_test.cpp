#include "controller/base/text.h"

#include "controller/base/utf8.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

using namespace std::chrono_literals;

TEST(Text, TimesPrintInUtc) {
  const WallTime time{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 10h + 19min + 29s +
                      1234567ns};
  EXPECT_EQ(format_time(time), "2026-11-22T10:19:29Z");
  EXPECT_EQ(format_micro_time(time), "2026-11-22T10:19:29.001234Z");
  EXPECT_EQ(format_time(WallTime(-1ns)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_micro_time(WallTime(-1ns)), "1969-12-31T23:59:59.999999Z");
}

TEST(Text, TimesReadWithAnyFractionAndOffset) {
  const auto at = [](const char* text) {
    const std::optional<WallTime> time = parse_time(text);
    return time ? format_micro_time(*time) : "none";
  };
  EXPECT_EQ(at("2026-11-22T10:19:29Z"), "2026-11-22T10:19:29.000000Z");
  EXPECT_EQ(at("2026-11-22T10:19:29.5Z"), "2026-11-22T10:19:29.500000Z");
  EXPECT_EQ(at("2026-11-22T10:19:29.1234567891Z"), "2026-11-22T10:19:29.123456Z");
  EXPECT_EQ(at("2026-11-22 10:19:29.000001"), "2026-11-22T10:19:29.000001Z");
  EXPECT_EQ(at("2026-11-22T10:19:29+02:00"), "2026-11-22T08:19:29.000000Z");
  EXPECT_EQ(at("2026-11-22T10:19:29-0130"), "2026-11-22T11:49:29.000000Z");
  EXPECT_EQ(at("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000000Z");
  for (const char* text : {"", "2026-11-22", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-11-22T24:00:00Z", "2026-11-22T10:19:60Z", "2026-11-22T10:19:29.Z",
                           "2026-11-22T10:19:29Zx", "2026-11-22T10:19:29+2", "26-11-22T10:19:29Z",
                           "2026-11-22T10:19", "9999-01-01T00:00:00Z", "+026-11-22T10:19:29Z"}) {
    EXPECT_EQ(at(text), "none") << text;
  }
}

TEST(Text, DurationsReadLikeKubernetes) {
  const std::vector<std::pair<std::chrono::seconds, std::string>> cases{
      {-2s, "<invalid>"},    {-1s, "0s"},         {0s, "0s"},
      {45s, "45s"},          {119s, "119s"},      {120s, "2m"},
      {200s, "3m20s"},       {95min, "95m"},      {179min, "179m"},
      {180min, "3h"},        {330min, "5h30m"},   {8h, "8h"},
      {30h, "30h"},          {47h, "47h"},        {48h, "2d"},
      {76h, "3d4h"},         {24h * 8, "8d"},     {24h * 400, "400d"},
      {24h * 365 * 2, "2y"}, {24h * 731, "2y1d"}, {24h * 365 * 8, "8y"},
      {24h * 366 * 9, "9y"},
  };
  for (const auto& [duration, want] : cases) EXPECT_EQ(human_duration(duration), want);
}

TEST(Text, PrometheusDurations) {
  EXPECT_EQ(parse_prometheus_duration("30s"), 30s);
  EXPECT_EQ(parse_prometheus_duration("1h30m"), 90min);
  EXPECT_EQ(parse_prometheus_duration("5m"), 5min);
  EXPECT_EQ(parse_prometheus_duration("1m500ms"), 60500ms);
  EXPECT_EQ(parse_prometheus_duration("250ms"), 250ms);
  EXPECT_EQ(parse_prometheus_duration("1y2w3d"), 24h * (365 + 14 + 3));
  EXPECT_EQ(parse_prometheus_duration("0"), 0s);
  for (const char* text : {"", "5", "s", "-5m", "+5m", "1.5h", "5m1h", "5m5m", "1h ", " 1h", "5M",
                           "1ms1s", "9223372036854775807y", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_prometheus_duration(text)) << text;
  }
}

TEST(Text, UrlEscapes) {
  EXPECT_EQ(escape_path_segment("a/b c~%é"), "a%2Fb%20c~%25%C3%A9");
  EXPECT_EQ(escape_query("a=b&c+d"), "a%3Db%26c%2Bd");
  EXPECT_EQ(unescape_url("a%2fb+c"), "a/b+c");
  EXPECT_EQ(unescape_url("a+b", true), "a b");
  for (const char* text : {"%", "%2", "%zz", "a%1"}) EXPECT_FALSE(unescape_url(text)) << text;
}

TEST(Text, QueriesKeepTheirOrder) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(parse_query("b=1&a=x%26y&flag&&e=&a=2+3"),
            (Pairs{{"b", "1"}, {"a", "x&y"}, {"flag", ""}, {"e", ""}, {"a", "2 3"}}));
  EXPECT_EQ(parse_query(""), Pairs{});
  EXPECT_EQ(parse_query("a==b"), (Pairs{{"a", "=b"}}));
  EXPECT_FALSE(parse_query("a=%g1"));
}

TEST(Text, Base64) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {std::string("\0\xFF\x80", 3), "AP+A"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
  for (const char* text : {"Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Text, Sha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Text, SmallHelpers) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), std::vector<std::string>{""});
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(to_lower("ÀBc"), "Àbc");
}

TEST(Text, QuotesAsGoDoes) {
  EXPECT_EQ(go_quote("a\"b\\c\n\t\x01\x7F"), R"("a\"b\\c\n\t\x01\x7f")");
  EXPECT_EQ(go_quote("é\u2028\u00a0\xFF😀"), R"("é\u2028\u00a0\xff😀")");
}

TEST(Text, Utf8IsStrict) {
  EXPECT_TRUE(is_valid_utf8("aé€😀"));
  for (const char* text : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x98"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
  EXPECT_EQ(to_valid_utf8("a\xE2\x82z"), "a\uFFFD\uFFFDz");
}

TEST(Utf8Cut, NeverCutsACharacter) {
  const std::string text = "aé😀b";  // 1 + 2 + 4 + 1 bytes
  const std::vector<std::string> prefixes{"", "a", "a", "aé", "aé", "aé", "aé", "aé😀", text, text};
  const std::vector<std::string> suffixes{"", "b", "b", "b", "b", "😀b", "😀b", "é😀b", text, text};
  for (std::size_t bytes = 0; bytes < prefixes.size(); ++bytes) {
    EXPECT_EQ(utf8_prefix(text, bytes), prefixes[bytes]) << bytes;
    EXPECT_EQ(utf8_suffix(text, bytes), suffixes[bytes]) << bytes;
  }
  // Bytes that are no UTF-8 at all do not lead out of the text.
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 2), "");
  EXPECT_EQ(utf8_suffix("\x80\x80\x80", 2), "");
}

}  // namespace
}  // namespace clickdeploy
