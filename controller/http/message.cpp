#include "controller/http/message.h"

#include "controller/http/syntax_internal.h"

namespace clickdeploy::http {

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equals_folded(header.name, name)) return &header.value;
  }
  return nullptr;
}

}  // namespace clickdeploy::http
