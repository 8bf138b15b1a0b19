// Parsing the whole text, and printing it again, would cost twenty times as much.

#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/stored_text_internal.h"

#include <utility>

namespace clickdeploy::apiserver {
namespace {

// Walks over JSON that append_json() wrote: it is known to be right, and has no white space.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }

  // On an object: from its brace to the value of the member. False if it has none, which is known
  // at the first later key, for keys are sorted. `before` is where that member's text begins.
  bool enter(std::string_view name, std::size_t& before) {
    const std::string quoted = '"' + std::string(name) + '"';
    before = ++at_;
    while (look() == '"') {
      const std::size_t key = at_;
      skip_string();
      const int order = text_.substr(key, at_ - key).compare(quoted);
      if (order > 0) return false;
      ++at_;  // the colon
      if (order == 0) return true;
      skip_value();
      before = at_;
      if (look() == ',') ++at_;
    }
    return false;
  }

  // On an object: its members one after the other, with the keys and values as they are written.
  template <class Visit>
  void each_member(Visit visit) {
    if (look() != '{') return;
    ++at_;
    while (look() == '"') {
      const std::size_t key = at_ + 1;
      skip_string();
      const std::string_view name = text_.substr(key, at_ - 1 - key);
      const std::size_t value = ++at_;  // after the colon
      skip_value();
      if (!visit(name, text_.substr(value, at_ - value))) return;
      if (look() == ',') ++at_;
    }
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

// The text of a member of the object, of its first one of that name; empty if it has none.
std::string_view find_member(std::string_view object, std::string_view name) {
  std::string_view found;
  Walk(object).each_member([&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
    return found.empty();
  });
  return found;
}

// The text of a member of metadata, without a look at what comes after it; empty if it has none.
std::string_view metadata_member(std::string_view bytes, std::string_view name) {
  Walk walk(bytes);
  std::size_t before = 0;
  if (!walk.enter("metadata", before) || !walk.enter(name, before)) return {};
  const std::size_t begin = walk.at();
  walk.skip_value();
  return bytes.substr(begin, walk.at() - begin);
}

bool is_plain_string(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.find('\\') == std::string_view::npos;
}

Json read_value(std::string_view text) {
  if (is_plain_string(text)) return text.substr(1, text.size() - 2);
  Result<Json> value = parse_json(text, own_text_limits(text));
  return value ? std::move(*value) : Json();
}

Json read_without_managed_fields(std::string_view bytes) {
  const TextRange left_out = find_managed_fields(bytes);
  std::string text;
  text.reserve(bytes.size());
  text.append(bytes.substr(0, left_out.begin)).append(bytes.substr(left_out.end));
  return read_value(text);
}

Json read_part(std::string_view text, const api::Outline& outline) {
  if (outline.whole || !text.starts_with('{')) return read_value(text);
  Json part = Json::object();
  std::size_t missing = outline.members.size();
  Walk(text).each_member([&](std::string_view key, std::string_view value) {
    const auto wanted = outline.members.find(key);
    if (wanted == outline.members.end()) return true;
    part.set(key, read_part(value, wanted->second));
    return --missing > 0;
  });
  return part;
}

}  // namespace

Result<store::Facts> read_stored_facts(std::string_view bytes) {
  const std::string_view metadata = find_member(bytes, "metadata");
  if (metadata.empty()) return fail(ErrorCode::Internal, "stored object: it has no metadata");
  store::Facts facts;
  Walk(metadata).each_member([&](std::string_view key, std::string_view value) {
    if (key == "uid") facts.uid = read_value(value).as_string();
    if (key == "deletionTimestamp") facts.deleting = !read_value(value).empty();
    if (key == "ownerReferences") facts.owner_uids = owner_uids_of(read_value(value));
    return true;
  });
  return facts;
}

Json read_stored_metadata(std::string_view bytes, std::string_view name) {
  const std::string_view value = metadata_member(bytes, name);
  return value.empty() ? Json() : read_value(value);
}

StoredLabels read_stored_labels(std::string_view bytes) {
  StoredLabels labels;
  const std::string_view text = metadata_member(bytes, "labels");
  Walk(text).each_member([&](std::string_view key, std::string_view value) {
    if (is_plain_string(value)) {
      labels.emplace_back(key, value.substr(1, value.size() - 2));
    } else {
      labels.emplace_back(key, read_value(value).as_string());
    }
    return true;
  });
  return labels;
}

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

void append_stored_metadata(std::string& text, std::string_view bytes, bool omits_managed_fields) {
  const std::string_view metadata = find_member(bytes, "metadata");
  const TextRange left_out = omits_managed_fields ? find_managed_fields(bytes) : TextRange();
  if (left_out.empty()) {
    text += metadata;
    return;
  }
  const auto at = static_cast<std::size_t>(metadata.data() - bytes.data());
  text += bytes.substr(at, left_out.begin - at);
  text += bytes.substr(left_out.end, at + metadata.size() - left_out.end);
}

Json read_outlined(std::string_view bytes, const api::Outline& outline) {
  return outline.whole ? read_without_managed_fields(bytes) : read_part(bytes, outline);
}

}  // namespace clickdeploy::apiserver
