#include "controller/apiserver/protobuf_internal.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Json> object = apiserver::decode_proto_body(fuzz::text_of(data, size));
  if (!object) return 0;
  fuzz::promise_readable(*object, "an object from protobuf is within the limits of JSON");
  const Result<std::string> encoded = apiserver::encode_proto_body(*object);
  if (encoded) {
    fuzz::promise(apiserver::decode_proto_body(*encoded).has_value(), "our own body is a body");
  }
  return 0;
}
