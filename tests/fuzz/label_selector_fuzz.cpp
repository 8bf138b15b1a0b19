#include "api/meta/label_selector.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<api::LabelSelector> selector = api::LabelSelector::parse(fuzz::text_of(data, size));
  if (!selector) return 0;
  const std::map<std::string, std::string> labels{{"app", "web"}, {"size", "3"}};
  const Result<api::LabelSelector> again = api::LabelSelector::parse(to_string(*selector));
  fuzz::promise(again.has_value(), "a selector's text is a selector");
  fuzz::promise(*again == *selector, "a selector's text means the same selector");
  fuzz::promise(again->matches(labels) == selector->matches(labels), "both select the same");
  return 0;
}
