#include "api/meta/field_selector.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Json object =
      Json::object({{"metadata", Json::object({{"name", "web"}})}, {"count", 3}});
  const Result<api::FieldSelector> selector = api::FieldSelector::parse(fuzz::text_of(data, size));
  if (!selector) return 0;
  bool all = true;
  for (const api::FieldSelector::Requirement& one : selector->requirements()) {
    if (one.path == "metadata.name") all = all && (one.value == "web") == one.equal;
  }
  if (!all) fuzz::promise(!selector->matches(object), "every requirement counts");
  return 0;
}
