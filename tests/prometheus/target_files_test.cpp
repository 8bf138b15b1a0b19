#include "controller/prometheus/target_files.h"

#include "controller/base/json.h"
#include "tests/testing/golden.h"

#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

Target target(std::string address, Labels labels) {
  return Target{.address = std::move(address), .labels = std::move(labels)};
}

TEST(TargetFile, RendersSortedGroupsOneALine) {
  const Result<std::string> text = render_target_file(
      {target("192.0.2.11:9100", {{"service_id", "s-1"}, {"instance_id", "i-2"}}),
       target("192.0.2.10:9100", {{"service_id", "s-1"},
                                  {"instance_id", "i-1"},
                                  {"__scrape_interval__", "15s"},
                                  {"__scrape_timeout__", "10s"}}),
       target("[2001:db8::1]:9100", {{"service_id", "s-1"}, {"__scheme__", "https"}})});
  ASSERT_TRUE(text) << text.error().message();
  testing::expect_golden("prometheus/targets.json", *text);
}

TEST(TargetFile, EqualTargetsInAnyOrderAreEqualBytes) {
  const Target a = target("192.0.2.1:9100", {{"x", "1"}});
  const Target b = target("192.0.2.1:9100", {{"x", "2"}});
  EXPECT_EQ(*render_target_file({a, b, a}), *render_target_file({b, a}));
}

TEST(TargetFile, NoTargetsIsAnEmptyList) {
  EXPECT_EQ(*render_target_file({}), kNoTargets);
}

TEST(TargetFile, EmptyLabelIsLeftOut) {
  EXPECT_EQ(*render_target_file({target("a:1", {{"x", ""}})}),
            *render_target_file({target("a:1", {})}));
}

TEST(TargetFile, AnyTextIsKeptAsALabelValue) {
  const std::string values[] = {
      "\"quoted\"", "back\\slash", "new\nline", "Größe \u2028 \U0001F600",
      "}],[{",      "no",          "5",         std::string("nul\0byte", 8)};
  for (const std::string& value : values) {
    const Result<std::string> text = render_target_file({target("a:1", {{"x", value}})});
    ASSERT_TRUE(text) << text.error().message();
    const Result<Json> read = parse_json(*text);
    ASSERT_TRUE(read) << *text;
    EXPECT_EQ((*read)[0]["labels"]["x"], Json(value));
    EXPECT_EQ((*read)[0]["targets"], Json::array({"a:1"}));
  }
}

struct BadTarget {
  Target target;
  std::string complaint;
};

TEST(TargetFile, OneBadTargetIsRefusedByName) {
  const BadTarget table[] = {
      {target("192.0.2.1", {}), "not an address"},
      {target("", {}), "not an address"},
      {target(":9100", {}), "not an address"},
      {target("http://192.0.2.1:9100", {}), "not an address"},
      {target("192.0.2.1:9100/metrics", {}), "not an address"},
      {target("192.0.2.1:0", {}), "not an address"},
      {target("192.0.2.1:99999", {}), "not an address"},
      {target("192.0.2.1:91 00", {}), "not an address"},
      {target("a b:9100", {}), "not an address"},
      {target("2001:db8::1:9100", {}), "not an address"},
      {target("a:1", {{"service-id", "x"}}), "\"service-id\" is not a valid label name"},
      {target("a:1", {{"", "x"}}), "\"\" is not a valid label name"},
      {target("a:1", {{"5x", "x"}}), "\"5x\" is not a valid label name"},
      {target("a:1", {{"__address__", "x"}}), "label __address__ is reserved"},
      {target("a:1", {{"__param_", "x"}}), "label __param_ is reserved"},
      {target("a:1", {{"__meta_x", "x"}}), "label __meta_x is reserved"},
      {target("a:1", {{"__name__", "x"}}), "label __name__ is reserved"},
      {target("a:1", {{"x", "\xff"}}), "label x is not valid UTF-8"},
      {target("a:1", {{"x", std::string(5000, 'x')}}), "label x has more than"},
      {target("a:1", {{"__scheme__", "ftp"}}), "neither http nor https"},
      {target("a:1", {{"__metrics_path__", "metrics"}}), "does not begin with a slash"},
      {target("a:1", {{"__scrape_interval__", "banana"}}), "\"banana\" is not a duration"},
      {target("a:1", {{"__scrape_interval__", "0s"}}), "is not a duration"},
      {target("a:1", {{"__scrape_interval__", "2s"}, {"__scrape_timeout__", "5s"}}),
       "__scrape_timeout__ is greater"}};
  for (const BadTarget& row : table) {
    const Result<std::string> text = render_target_file({target("good:1", {}), row.target});
    ASSERT_FALSE(text) << row.target.address;
    EXPECT_EQ(text.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(text.error().message().find(row.complaint), std::string::npos)
        << text.error().message();
  }
}

}  // namespace
}  // namespace clickdeploy::prometheus
