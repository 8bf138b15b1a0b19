// Reads JSON with RapidJSON's event parser, in two ways. Nearly all texts are right: those are read
// in place, unescaped where they stand. What that refuses is read again, slowly, to say what is
// wrong with it and where.

#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#elif defined(__ARM_NEON)
#define RAPIDJSON_NEON
#endif

#include "controller/base/json.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <optional>

namespace clickdeploy {

namespace {

class Builder {
 public:
  // `checks_strings`: what a text that is UTF-8 has as strings may still not be.
  Builder(const JsonLimits& limits, std::vector<std::string>* duplicates, bool checks_strings)
      : limits_(limits), duplicates_(duplicates), checks_strings_(checks_strings) {
    values_.reserve(kValuesUsual);
  }

  // RapidJSON's handler concept.
  bool Null() { return add(Json()); }
  bool Bool(bool value) { return add(Json(value)); }
  // Numbers come as they are written (kNumbersAsText), so none of these is called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    const char* end = text + length;
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text, end, whole);
        read.ec == std::errc() && read.ptr == end) {
      return add(Json(whole));
    }
    double value = 0;
    const auto read = std::from_chars(text, end, value);
    // It does not say in which direction the number is out of range.
    if (read.ec == std::errc::result_out_of_range)
      value = std::strtod(std::string(text, end).c_str(), nullptr);
    return std::isfinite(value) ? add(Json(value)) : refuse("number out of range");
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    return is_good({text, length}) && add(Json(std::string_view(text, length)));
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (!is_good({text, length})) return false;
    values_.emplace_back(std::string(text, length), Json());
    return true;
  }
  bool StartObject() { return start(true); }
  bool StartArray() { return start(false); }
  bool EndObject(rapidjson::SizeType) {
    const auto first = values_.begin() + static_cast<std::ptrdiff_t>(open_.back().begin);
    if (wants_duplicates()) note_duplicates();
    std::vector<JsonObject::Member> members(std::make_move_iterator(first),
                                            std::make_move_iterator(values_.end()));
    values_.erase(first, values_.end());
    return end(Json(JsonObject::from_members(std::move(members))));
  }
  bool EndArray(rapidjson::SizeType) {
    const std::size_t begin = open_.back().begin;
    JsonArray items;
    items.reserve(values_.size() - begin);
    for (std::size_t i = begin; i < values_.size(); ++i) {
      items.push_back(std::move(values_[i].second));
    }
    values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(begin), values_.end());
    return end(Json(std::move(items)));
  }

  Json take_root() { return std::move(root_); }
  const std::string& refusal() const { return refusal_; }

 private:
  static constexpr std::size_t kValuesUsual = 64;

  struct Open {
    bool is_object = false;
    std::size_t begin = 0;  // of its own in values_
  };

  bool refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  // RapidJSON lets "\udc00" through as bytes that are not UTF-8.
  bool is_good(std::string_view text) {
    return !checks_strings_ || is_valid_utf8(text) || refuse("unpaired surrogate in a string");
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
    open_.push_back({.is_object = is_object, .begin = values_.size()});
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
      values_.back().second = std::move(value);
    } else {
      values_.emplace_back(std::string(), std::move(value));
    }
  }

  bool wants_duplicates() const {
    return duplicates_ != nullptr && duplicates_->size() < kJsonDuplicatesMax;
  }

  void note_duplicates() {
    std::vector<std::string_view> keys;
    for (std::size_t i = open_.back().begin; i < values_.size(); ++i) {
      keys.push_back(values_[i].first);
    }
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
        path += values_[open_[i + 1].begin - 1].first;
      } else {
        path += fmt::format("[{}]", open_[i + 1].begin - frame.begin);
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
  const bool checks_strings_;
  std::vector<Open> open_;
  // What the open ones have so far: members, the last one's value perhaps still to come, or items
  // without a key.
  std::vector<JsonObject::Member> values_;
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

// RapidJSON's own exact reading of numbers looks beyond a table's end for some of hundreds of
// digits.
constexpr unsigned kNumbersAsText = rapidjson::kParseNumbersAsStringsFlag;
constexpr std::size_t kStackDepthMax = 128;
constexpr std::size_t kVectorBytes = 16;  // RapidJSON looks at so many at once

std::optional<Json> parse_in_place(std::string_view text, const JsonLimits& limits,
                                   std::vector<std::string>* duplicates) {
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | kNumbersAsText;
  if (limits.depth_max > kStackDepthMax || !is_valid_utf8(text)) return std::nullopt;
  std::string buffer;
  buffer.reserve(text.size() + kVectorBytes);
  buffer.append(text).append(kVectorBytes, '\0');
  Builder builder(limits, duplicates, text.find('\\') != std::string_view::npos);
  rapidjson::InsituStringStream stream(buffer.data());
  rapidjson::Reader reader;
  if (reader.Parse<kFlags>(stream, builder).IsError()) return std::nullopt;
  if (stream.Tell() != text.size()) return std::nullopt;
  return builder.take_root();
}

// The iterative parser: deep input costs heap, never stack.
Result<Json> parse_carefully(std::string_view text, const JsonLimits& limits,
                             std::vector<std::string>* duplicates) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | kNumbersAsText;
  Builder builder(limits, duplicates, true);
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

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits,
                        std::vector<std::string>* duplicates) {
  if (text.empty()) return fail_at(0, "the document is empty");
  const std::size_t known = duplicates != nullptr ? duplicates->size() : 0;
  std::optional<Json> read = parse_in_place(text, limits, duplicates);
  if (read) return *std::move(read);
  if (duplicates != nullptr) duplicates->resize(known);
  return parse_carefully(text, limits, duplicates);
}

}  // namespace clickdeploy
