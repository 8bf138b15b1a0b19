#include "api/schema/pattern.h"

#include <re2/re2.h>

namespace clickdeploy::api {

struct Pattern::Compiled {
  explicit Compiled(const std::string& expression) : expression(expression, RE2::Quiet) {}
  RE2 expression;
};

Pattern::Pattern(std::string text, std::unique_ptr<Compiled> compiled)
    : text_(std::move(text)), compiled_(std::move(compiled)) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view expression) {
  std::string text(expression);
  auto compiled = std::make_unique<Compiled>(text);
  if (!compiled->expression.ok()) {
    return fail(ErrorCode::InvalidArgument, "pattern: " + compiled->expression.error());
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::move(text), std::move(compiled)));
}

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

}  // namespace clickdeploy::api
