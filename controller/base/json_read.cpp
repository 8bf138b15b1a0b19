// Reads JSON with RapidJSON's iterative event parser: deep input costs heap, never stack.

#include "controller/base/json.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace clickdeploy {

namespace {

class Builder {
 public:
  Builder(const JsonLimits& limits, std::vector<std::string>* duplicates)
      : limits_(limits), duplicates_(duplicates) {}

  // RapidJSON's handler concept.
  bool Null() { return add(Json()); }
  bool Bool(bool value) { return add(Json(value)); }
  bool Int(int value) { return add(Json(std::int64_t{value})); }
  bool Uint(unsigned value) { return add(Json(std::int64_t{value})); }
  bool Int64(std::int64_t value) { return add(Json(value)); }
  bool Uint64(std::uint64_t value) {
    return std::in_range<std::int64_t>(value) ? add(Json(static_cast<std::int64_t>(value)))
                                              : add(Json(static_cast<double>(value)));
  }
  bool Double(double value) {
    return std::isfinite(value) ? add(Json(value)) : refuse("number out of range");
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return refuse("unexpected number"); }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    std::optional<std::string> valid = checked(text, length);
    return valid ? add(Json(*std::move(valid))) : false;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    std::optional<std::string> valid = checked(text, length);
    if (!valid) return false;
    open_.back().key = *std::move(valid);
    return true;
  }
  bool StartObject() { return start(true); }
  bool StartArray() { return start(false); }
  bool EndObject(rapidjson::SizeType) {
    if (wants_duplicates()) note_duplicates();
    return end(Json(JsonObject::from_members(std::move(open_.back().members))));
  }
  bool EndArray(rapidjson::SizeType) { return end(Json(std::move(open_.back().items))); }

  Json take_root() { return std::move(root_); }
  const std::string& refusal() const { return refusal_; }

 private:
  struct Open {
    bool is_object = false;
    std::string key;  // of the member being read
    std::vector<JsonObject::Member> members;
    JsonArray items;
  };

  bool refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  // RapidJSON lets "\udc00" through as bytes that are not UTF-8.
  std::optional<std::string> checked(const char* text, rapidjson::SizeType length) {
    const std::string_view view(text, length);
    if (!is_valid_utf8(view)) {
      refuse("unpaired surrogate in a string");
      return std::nullopt;
    }
    return std::string(view);
  }

  bool count() {
    return ++nodes_ <= limits_.nodes_max ||
           refuse(fmt::format("more than {} values", limits_.nodes_max));
  }

  bool start(bool is_object) {
    if (!count()) return false;
    if (open_.size() >= limits_.depth_max) {
      return refuse(fmt::format("nested deeper than {} levels", limits_.depth_max));
    }
    open_.emplace_back().is_object = is_object;
    return true;
  }

  bool end(Json value) {
    open_.pop_back();
    place(std::move(value));
    return true;
  }

  bool add(Json value) {
    if (!count()) return false;
    place(std::move(value));
    return true;
  }

  void place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.emplace_back(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().items.push_back(std::move(value));
    }
  }

  bool wants_duplicates() const {
    return duplicates_ != nullptr && duplicates_->size() < kJsonDuplicatesMax;
  }

  void note_duplicates() {
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : open_.back().members) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    for (std::size_t i = 1; i < keys.size() && wants_duplicates(); ++i) {
      const bool again = keys[i] == keys[i - 1];
      if (again && (i == 1 || keys[i - 2] != keys[i])) duplicates_->push_back(path_of(keys[i]));
    }
  }

  std::string path_of(std::string_view key) const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const Open& frame = open_[i];
      if (frame.is_object) {
        if (!path.empty()) path += '.';
        path += frame.key;
      } else {
        path += fmt::format("[{}]", frame.items.size());
      }
    }
    if (!path.empty()) path += '.';
    path += key;
    if (path.size() <= kJsonDuplicatePathBytesMax) return path;
    constexpr std::string_view kMore = "…";
    const std::size_t most = kJsonDuplicatePathBytesMax - kMore.size();
    return std::string(utf8_prefix(path, most)).append(kMore);
  }

  const JsonLimits& limits_;
  std::vector<std::string>* duplicates_;
  std::vector<Open> open_;
  Json root_;
  std::size_t nodes_ = 0;
  std::string refusal_;
};

std::unexpected<Error> fail_at(std::size_t offset, std::string_view why) {
  return fail(ErrorCode::InvalidArgument, fmt::format("invalid JSON at byte {}: {}", offset, why));
}

std::string lower_first(std::string_view text) {
  std::string lowered(text);
  if (!lowered.empty()) lowered[0] = static_cast<char>(std::tolower(lowered[0]));
  if (lowered.ends_with('.')) lowered.pop_back();
  return lowered;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits,
                        std::vector<std::string>* duplicates) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseFullPrecisionFlag;
  if (text.empty()) return fail_at(0, "the document is empty");
  Builder builder(limits, duplicates);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, builder);
  if (!builder.refusal().empty()) return fail_at(parsed.Offset(), builder.refusal());
  if (parsed.IsError()) {
    return fail_at(parsed.Offset(), lower_first(rapidjson::GetParseError_En(parsed.Code())));
  }
  // RapidJSON takes a NUL byte for the end.
  if (stream.Tell() != text.size()) return fail_at(stream.Tell(), "text after the document");
  return builder.take_root();
}

}  // namespace clickdeploy
