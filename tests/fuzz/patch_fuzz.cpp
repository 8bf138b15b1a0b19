// The first line is the object, the rest the patch, of all three kinds.

#include "controller/apiserver/json_patch_internal.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [object_text, patch_text] = fuzz::cut_line(fuzz::text_of(data, size));
  const Result<Json> object = parse_json(object_text);
  const Result<Json> patch = parse_json(patch_text);
  if (!object || !patch) return 0;
  const std::string before = to_json(*object);

  const JsonLimits wide{.depth_max = 1000};  // a patch may nest what others refuse later
  const auto check = [&wide](const Json& patched) {
    fuzz::promise(parse_json(to_json(patched), wide).has_value(), "what is patched is JSON");
  };
  const auto by_json_patch = apiserver::apply_json_patch(*object, *patch);
  if (by_json_patch) check(*by_json_patch);
  const auto by_strategic_patch = apiserver::apply_strategic_patch(*object, *patch);
  if (by_strategic_patch) check(*by_strategic_patch);
  Json merged = *object;
  apply_merge_patch(merged, *patch);
  check(merged);

  fuzz::promise(to_json(*object) == before, "a patch leaves what it was made from");
  return 0;
}
