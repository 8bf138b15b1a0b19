// Pattern: a regular expression of a schema. RE2 does the matching and stays in pattern.cpp; it
// takes time linear in the text, so hostile input cannot stall it.

#pragma once

#include "controller/base/error.h"

#include <memory>
#include <string>
#include <string_view>

namespace clickdeploy::api {

class Pattern {
 public:
  // InvalidArgument if the expression is malformed.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view expression);

  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // True if the expression matches anywhere in the text: anchors are the schema's business.
  bool matches(std::string_view text) const;
  const std::string& text() const { return text_; }

 private:
  struct Compiled;
  Pattern(std::string text, std::unique_ptr<Compiled> compiled);

  std::string text_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace clickdeploy::api
