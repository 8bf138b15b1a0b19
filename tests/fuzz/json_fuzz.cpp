#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Json> value = parse_json(fuzz::text_of(data, size));
  if (value) fuzz::promise_readable(*value, "what is read is written and read the same");
  return 0;
}
