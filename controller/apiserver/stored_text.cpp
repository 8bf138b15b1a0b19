// Finds a member in the text of a stored object. Parsing it and printing it again would cost twenty
// times as much.

#include "controller/apiserver/object_internal.h"

namespace clickdeploy::apiserver {
namespace {

// Walks over JSON that append_json() wrote: it is known to be right, and has no white space.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }

  // On an object: from its brace to the value of the member, or past the object if it has none.
  // `before` is where that member's text begins.
  bool enter(std::string_view name, std::size_t& before) {
    const std::string quoted = '"' + std::string(name) + '"';
    before = ++at_;
    while (look() == '"') {
      const std::size_t key = at_;
      skip_string();
      const bool found = text_.substr(key, at_ - key) == quoted;
      ++at_;  // the colon
      if (found) return true;
      skip_value();
      before = at_;
      if (look() == ',') ++at_;
    }
    return false;
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = look();
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (at_ < text_.size() && (depth > 0 || !is_after_value(look())));
  }

 private:
  static bool is_after_value(char c) { return c == ',' || c == '}' || c == ']'; }
  char look() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

TextRange find_managed_fields(std::string_view bytes) {
  Walk walk(bytes);
  std::size_t begin = 0;
  if (!walk.enter("metadata", begin) || !walk.enter("managedFields", begin)) return {};
  walk.skip_value();
  std::size_t end = walk.at();
  // The comma before it goes, or if it is the first member the one after it.
  if (bytes[begin] != ',' && end < bytes.size() && bytes[end] == ',') ++end;
  return {begin, end};
}

}  // namespace clickdeploy::apiserver
