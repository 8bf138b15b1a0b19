#include "controller/apiserver/continue_token_internal.h"
#include "tests/fuzz/fuzz.h"

using namespace clickdeploy;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto token = apiserver::read_continue_token(fuzz::text_of(data, size));
  if (!token) return 0;
  const auto again = apiserver::read_continue_token(apiserver::write_continue_token(*token));
  fuzz::promise(again.has_value(), "our own token is a token");
  fuzz::promise(again->revision == token->revision &&
                    again->namespace_name == token->namespace_name && again->name == token->name,
                "a token says the same again");
  return 0;
}
