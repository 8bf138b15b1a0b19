#include "controller/async/random.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy {
namespace {

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  SeededRandom a(1);
  SeededRandom b(1);
  SeededRandom other(2);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = a.next();
    EXPECT_EQ(number, b.next());
    EXPECT_NE(number, other.next());
  }
  EXPECT_EQ(SeededRandom(0).next(), 0xE220A8397B1DCDAFULL);  // splitmix64's published first value
}

TEST(Random, FormsOfText) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string uuid = random.uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), std::string::npos);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) EXPECT_EQ(uuid[at], '-');
    EXPECT_TRUE(seen.insert(uuid).second);
    EXPECT_EQ(random.hex(5).size(), 10U);
    const std::string suffix = random.name_suffix(5);
    EXPECT_EQ(suffix.size(), 5U);
    EXPECT_EQ(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
  }
}

}  // namespace
}  // namespace clickdeploy
