#include "controller/openstack/words_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

TEST(CleanText, LeavesPlainTextAlone) {
  EXPECT_EQ(clean_text("web-1 ünïcode (ok)", 255), "web-1 ünïcode (ok)");
}

TEST(CleanText, RemovesTerminalEscapes) {
  EXPECT_EQ(clean_text("a\x1b[31;1mred\x1b[0mb", 255), "aredb");
  EXPECT_EQ(clean_text("x\x1b]0;title\ay", 255), "xy");
  EXPECT_EQ(clean_text("cut\x1b[31", 255), "cut");
  EXPECT_EQ(clean_text("cut\x1b", 255), "cut");
}

TEST(CleanText, MakesControlAndDirectionMarksVisible) {
  EXPECT_EQ(clean_text("a\x07"
                       "b",
                       255),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(clean_text("a\xE2\x80\xAE"
                       "b",
                       255),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(clean_text("a\xC2\x9B"
                       "31mb",
                       255),
            "a\xEF\xBF\xBD"
            "31mb");
  EXPECT_EQ(clean_text("a\nb", 255), "a b");
  EXPECT_EQ(clean_text("a\r\nb", 255, LineBreaks::Keep), "a\nb");
}

TEST(CleanText, CutsBetweenCharacters) {
  EXPECT_EQ(clean_text("aü", 2), "a");
  EXPECT_EQ(clean_text(std::string(1'000'000, 'x'), 10), "xxxxxxxxxx");
}

TEST(FirstSentence, EndsAtTheFirstFullStop) {
  EXPECT_EQ(first_sentence("Image not found. Please report this."), "Image not found");
  EXPECT_EQ(first_sentence("Version 2.90 is  fine.\n"), "Version 2.90 is fine");
  EXPECT_EQ(first_sentence(std::string(5'000, 'y')).size(), 300u);
}

TEST(WordsOfHtml, PrefersTheBodyThenTheTitle) {
  EXPECT_EQ(words_of_html("<html><head><title>404 Not Found</title></head><body><h1>404 Not "
                          "Found</h1>No image &lt;x&gt; found.<br /><br /></body></html>"),
            "No image <x> found.");
  EXPECT_EQ(words_of_html("<html><title>502 Bad Gateway</title><script>x()</script></html>"),
            "502 Bad Gateway");
  EXPECT_EQ(words_of_html("<title>never closed"), "never closed");
}

TEST(PlainId, IsSafeInAPath) {
  for (const char* good : {"1", "m1.tiny", "0b1c-2d", "req_x"}) EXPECT_TRUE(is_plain_id(good));
  for (const char* bad : {"", ".", "..", "a/b", "a\nb", "a b", "a?b", "a%2f", "ü"}) {
    EXPECT_FALSE(is_plain_id(bad)) << bad;
  }
  EXPECT_FALSE(is_plain_id(std::string(256, 'a')));
}

}  // namespace
}  // namespace clickdeploy::openstack
