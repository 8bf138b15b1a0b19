#include "controller/base/yaml.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<std::vector<YamlDocument>> documents = parse_yaml(fuzz::text_of(data, size));
  if (!documents) return 0;
  for (const YamlDocument& document : *documents) {
    const Result<Json> again = parse_single_yaml(to_yaml(document.value));
    fuzz::promise(again.has_value(), "our own YAML is YAML");
    fuzz::promise(*again == document.value, "what is read is written and read the same");
  }
  return 0;
}
