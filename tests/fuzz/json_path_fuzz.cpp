// The first line is the path, the rest the object.

#include "api/schema/json_path.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [path_text, object_text] = fuzz::cut_line(fuzz::text_of(data, size));
  const Result<api::JsonPath> path = api::JsonPath::parse(path_text);
  const Result<Json> object = parse_json(object_text);
  if (!path || !object) return 0;
  const std::vector<const Json*> all = path->all(*object);
  const Json* first = path->first(*object);
  fuzz::promise(first == (all.empty() ? nullptr : all.front()), "the first of all is the first");
  return 0;
}
