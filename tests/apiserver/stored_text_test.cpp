// What is read of stored text must be what reading all of it would give.

#include "api/scheme.h"
#include "controller/apiserver/stored_text_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::apiserver {
namespace {

using api::Column;

Column column(std::string type, std::string_view path) {
  Column column;
  column.type = std::move(type);
  column.path = api::JsonPath::parse(path).value();
  return column;
}

const char* const kObject =
    R"({"apiVersion":"v1","data":{"a":"1"},"kind":"X","metadata":{"labels":{"a.b/c":"l","d":"\"q\""},)"
    R"("managedFields":[{"manager":"m"}],"name":"n"},"spec":{"flavors":[{"name":"f"},{"name":"g"}],)"
    R"("empty":{},"none":null,"replicas":3,"text":"no object"},"status":{"conditions":[)"
    R"({"reason":"r","status":"True","type":"Ready"}],"n":0.5}})";

TEST(StoredLabels, AreThoseOfTheWholeObject) {
  EXPECT_EQ(read_stored_labels(kObject), (StoredLabels{{"a.b/c", "l"}, {"d", "\"q\""}}));
  // Of the object itself, and of nothing in it.
  const StoredLabels none;
  EXPECT_EQ(read_stored_labels(
                R"({"data":{"x":"\"labels\":{\"a\":\"b\"}"},"labels":{"a":"b"},"metadata":{"name":)"
                R"("n"},"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})"),
            none);
  EXPECT_EQ(read_stored_labels(R"({"metadata":{"labels":{}}})"), none);
  EXPECT_EQ(read_stored_labels(R"({"kind":"X"})"), none);
}

TEST(Outline, GivesCellsAsTheWholeObjectDoes) {
  const std::vector<Column> columns = {
      column("string", ".metadata.name"),
      column("string", ".metadata.labels['a.b/c']"),
      column("string", ".metadata.labels.d"),
      column("integer", ".spec.replicas"),
      column("string", ".spec.flavors[1].name"),
      column("string", ".spec.flavors[*].name"),
      column("string", ".spec.empty"),
      column("string", ".spec.none"),
      column("string", ".spec.text.below"),
      column("string", ".spec.absent.below"),
      column("string", R"(.status.conditions[?(@.type=="Ready")].status)"),
      column("string", R"(.status.conditions[?(@.type=="Ready")].reason)"),
      column("number", ".status.n"),
      column("string", ".data"),
      column("string", ".data.a"),
  };
  const Json part = read_outlined(kObject, api::outline_of(columns));
  const JsonArray cells = api::table_cells(columns, part, {});
  EXPECT_EQ(cells, api::table_cells(columns, parse_json(kObject).value(), {}));
  EXPECT_EQ(cells[1], Json("l"));
  EXPECT_EQ(cells[11], Json("r"));
  EXPECT_EQ(part.find("kind"), nullptr) << "read what no column asks for";
  EXPECT_EQ(part["metadata"].find("managedFields"), nullptr);
}

TEST(Outline, IsTheWholeObjectWhereACellIsComputed) {
  std::vector<Column> columns = {column("string", ".metadata.name"), Column{}};
  columns[1].compute = [](const Json& object, WallTime) { return object["kind"]; };
  const Json object = read_outlined(kObject, api::outline_of(columns));
  EXPECT_EQ(api::table_cells(columns, object, {}), (JsonArray{"n", "X"}));
}

TEST(Outline, OfOurKindsNamesParts) {
  for (const char* name : {"csvc", "inst", "mpol"}) {
    const api::ResourceInfo* info = api::builtin_scheme().find_by_name(name);
    ASSERT_NE(info, nullptr) << name;
    const api::Outline outline = api::outline_of(info->columns);
    EXPECT_FALSE(outline.whole) << name;
    EXPECT_TRUE(outline.members.contains("metadata")) << name;
  }
}

}  // namespace
}  // namespace clickdeploy::apiserver
