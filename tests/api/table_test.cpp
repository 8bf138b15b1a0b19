// JSONPath, table cells, and the columns of the core kinds.

#include "api/schema/table.h"

#include "api/scheme.h"

#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

WallTime at(std::string_view text) {
  return parse_time(text).value();
}

TEST(JsonPath, FindsTheFirstResult) {
  const Json object = json(R"({
    "metadata": {"labels": {"clickdeploy.io/revision": "6f9c", "app": "web"}},
    "spec": {"list": [{"name": "a"}, {"name": "b", "x": 1}], "n": 3, "flag": true},
    "status": {"conditions": [{"type": "Progressing", "status": "False", "reason": "Done"},
                              {"type": "Ready", "status": "True"}]}})");
  const std::vector<std::pair<std::string, Json>> cases = {
      {".spec.n", 3},
      {"spec.n", 3},
      {"{.spec.n}", 3},
      {"$.spec.flag", true},
      {".spec['n']", 3},
      {".metadata.labels['clickdeploy.io/revision']", "6f9c"},
      {R"(.metadata.labels['clickdeploy\.io/revision'])", "6f9c"},
      {R"(.metadata.labels.clickdeploy\.io/revision)", "6f9c"},
      {".spec.list[0].name", "a"},
      {".spec.list[-1].name", "b"},
      {".spec.list[*].name", "a"},
      {".spec.list[*].x", 1},
      {R"(.status.conditions[?(@.type=="Ready")].status)", "True"},
      {R"(.status.conditions[?(@.type == 'Progressing')].reason)", "Done"},
      {R"(.status.conditions[?(@.type != "Ready")].status)", "False"},
      {".spec.list[?(@.x==1)].name", "b"},
  };
  for (const auto& [text, want] : cases) {
    SCOPED_TRACE(text);
    const Result<JsonPath> path = JsonPath::parse(text);
    ASSERT_TRUE(path) << path.error().message();
    const Json* found = path->first(object);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, want);
  }
  for (const char* text : {".spec.none", ".spec.n.deeper", ".spec.list[2]", ".spec.list[-3]",
                           ".spec.list.name", R"(.status.conditions[?(@.type=="No")].status)"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(JsonPath::parse(text)->first(object), nullptr);
  }
}

TEST(JsonPath, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {".", ".a..b", ".a[", ".a[x]", ".a[?(@.b)]", ".a[?(b==1)]", ".a[1x]"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(JsonPath::parse(text));
  }
}

Column column(std::string type, std::string_view path) {
  Column result;
  result.type = std::move(type);
  result.path = JsonPath::parse(path).value();
  return result;
}

TEST(TableCells, HaveTheTypeOfTheirColumnOrAreNull) {
  const Json object = json(R"({"n": 2, "text": "2", "flag": true, "list": ["a"], "ratio": 0.5,
                               "time": "2026-01-01T00:00:00Z", "bad": "soon", "nothing": null})");
  const std::vector<Column> columns = {
      column("integer", ".n"),     column("integer", ".text"), column("string", ".n"),
      column("string", ".list"),   column("boolean", ".flag"), column("boolean", ".n"),
      column("number", ".ratio"),  column("date", ".time"),    column("date", ".bad"),
      column("string", ".absent"), column("date", ".absent"),  column("string", ".nothing")};
  const JsonArray want = {2,   nullptr, "2",         R"(["a"])", true,    nullptr,
                          0.5, "5m",    "<invalid>", nullptr,    nullptr, nullptr};
  EXPECT_EQ(table_cells(columns, object, at("2026-01-01T00:05:00Z")), want);
}

TEST(TableCells, AgesToleratesAClockThatIsSlightlyOff) {
  EXPECT_EQ(age_since("2026-01-01T00:00:00Z", at("2026-01-01T00:00:45Z")), "45s");
  EXPECT_EQ(age_since("2026-01-01T00:00:00Z", at("2025-12-31T23:59:59.5Z")), "0s");
  EXPECT_EQ(age_since("2026-01-01T00:00:00Z", at("2025-12-31T23:59:58Z")), "<invalid>");
}

TEST(TableCells, OfAService) {
  const Json service = json(R"({"metadata": {"name": "web",
      "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {"replicas": 3, "cloudRef": {"name": "prod-eu"}},
    "status": {"readyReplicas": 2, "updatedReplicas": 3, "policies": [{"name": "platform/base"}],
               "conditions": [{"type": "Progressing", "status": "True", "reason": "Waiting"}]}})");
  const JsonArray want = {"web", 3, 2, nullptr, 3, "Waiting", "platform/base", "prod-eu", "30h"};
  EXPECT_EQ(table_cells(builtin_scheme().find_by_name("csvc")->columns, service,
                        at("2026-01-02T06:00:00Z")),
            want);
}

TEST(TableCells, OfTheCoreKinds) {
  const WallTime now = at("2026-01-01T01:00:00Z");
  const auto cells = [&](const char* name, std::string_view object) {
    return Json(table_cells(builtin_scheme().find_by_name(name)->columns, json(object), now));
  };
  EXPECT_EQ(cells("secrets", R"({"metadata": {"name": "s"}, "type": "Opaque",
                                 "data": {"a": "", "b": ""}})"),
            json(R"(["s", "Opaque", 2, null])"));
  EXPECT_EQ(cells("cm", R"({"metadata": {"name": "c"}, "data": {"a": ""},
                            "binaryData": {"b": ""}})"),
            json(R"(["c", 2, null])"));
  EXPECT_EQ(cells("ns", R"({"metadata": {"name": "n", "creationTimestamp": "2026-01-01T00:00:00Z"},
                            "status": {"phase": "Active"}})"),
            json(R"(["n", "Active", "60m"])"));
  EXPECT_EQ(cells("events", R"({"metadata": {"name": "web.1"}, "type": "Normal",
              "reason": "Created", "message": "made", "count": 3,
              "involvedObject": {"kind": "Service", "name": "web"},
              "source": {"component": "controller"},
              "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:59:00Z"})"),
            json(R"(["60s", "Normal", "Created", "service/web", null, "controller", "made", "60m",
                     3, "web.1"])"));
  EXPECT_EQ(cells("events", R"({"metadata": {"name": "e"}, "involvedObject": {},
              "firstTimestamp": null, "eventTime": "2026-01-01T00:59:30.123456Z"})")[0]
                .as_string(),
            "29s");
}

TEST(ColumnDefinitions, AreThoseOfATable) {
  const Json definitions = column_definitions(builtin_scheme().find_by_name("inst")->columns);
  EXPECT_EQ(definitions[0]["format"].as_string(), "name");
  EXPECT_EQ(definitions[1]["description"].as_string(),
            "Custom resource definition column (in JSONPath format): .status.phase");
  EXPECT_EQ(definitions[8]["priority"].as_int(), 1);
}

}  // namespace
}  // namespace clickdeploy::api
