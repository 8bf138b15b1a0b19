// Reads YAML with yaml-cpp's event interface: no node graph, so an alias bomb never unfolds.

#include "controller/base/yaml.h"

#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/base/yaml_scalar.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace clickdeploy {

namespace {

// Thrown through yaml-cpp by our handler, caught in parse_yaml.
struct Refused {
  int line;    // from 0, as in YAML::Mark
  int column;  // from 0
  std::string why;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string why) {
  throw Refused{mark.line, mark.column, std::move(why)};
}

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

class Builder final : public YAML::EventHandler {
 public:
  Builder(const YamlLimits& limits, const std::vector<std::string_view>& lines)
      : limits_(limits), lines_(lines), line_path_bytes_left_(limits.line_path_bytes_max) {}

  std::vector<YamlDocument> take_documents() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp takes whatever follows a finished document for the next one.
    const auto line = static_cast<std::size_t>(mark.line);
    if (begun_ && (line >= lines_.size() || !lines_[line].starts_with("---"))) {
      refuse(mark, "text after the end of the document; a further one starts with ---");
    }
    begun_ = true;
    document_ = YamlDocument();
  }

  void OnDocumentEnd() override {
    if (!document_.value.is_null()) documents_.push_back(std::move(document_));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "?", anchor);
    if (awaits_key()) refuse(mark, "a key must not be null");
    add(mark, Json());
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not supported");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    const std::string text = as_utf8(value);
    if (awaits_key()) {
      start_member(mark, text, tag == "?");
    } else {
      add(mark, scalar(mark, tag, text));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, "seq", false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, "map", true);
  }
  void OnSequenceEnd() override {
    Json value(std::move(open_.back().items));
    open_.pop_back();
    place(std::move(value));
  }
  void OnMapEnd() override {
    Json value(JsonObject::from_members(std::move(open_.back().members)));
    open_.pop_back();
    place(std::move(value));
  }

 private:
  struct Open {
    bool is_map = false;
    bool has_key = false;
    std::string key;
    std::size_t parent_path_size = 0;  // path_ without the child being read
    std::vector<JsonObject::Member> members;
    std::set<std::string, std::less<>> keys;
    JsonArray items;
  };

  bool awaits_key() const { return !open_.empty() && open_.back().is_map && !open_.back().has_key; }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors are not supported");
    if (++nodes_ > limits_.nodes_max) {
      refuse(mark, fmt::format("more than {} values", limits_.nodes_max));
    }
    if (tag.empty() || tag == "?" || tag == "!") return;
    if (!tag.starts_with(kCoreTag)) refuse(mark, fmt::format("tag {} is not supported", tag));
  }

  // yaml-cpp gives the escapes \N and \_ as one byte of Latin-1 each.
  static std::string as_utf8(const std::string& value) {
    if (is_valid_utf8(value)) return value;
    std::string text;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t bytes = decode_utf8(rest).bytes;
      if (bytes == 0) text += '\xC2';
      text += rest.substr(0, std::max<std::size_t>(bytes, 1));
      rest.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return text;
  }

  // A value of a known tag must be what the tag says.
  static Json scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    if (tag == "!") return value;
    const bool tagged = tag.starts_with(kCoreTag);
    const std::string_view wanted =
        tagged ? std::string_view(tag).substr(kCoreTag.size()) : std::string_view();
    if (wanted == "str") return value;
    Result<Json> plain = resolve_plain_scalar(value);
    if (!plain) refuse(mark, plain.error().message());
    if (!tagged) return *std::move(plain);
    if (wanted == "float" && plain->is_number()) return plain->as_double();
    if ((wanted == "int" && plain->is_int()) || (wanted == "bool" && plain->is_bool()) ||
        (wanted == "null" && plain->is_null())) {
      return *std::move(plain);
    }
    refuse(mark, fmt::format("the value does not fit the tag !!{}", wanted));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            std::string_view kind, bool is_map) {
    check(mark, tag, anchor);
    if (awaits_key()) refuse(mark, "a key must be a scalar");
    if (tag.starts_with(kCoreTag) && tag.substr(kCoreTag.size()) != kind) {
      refuse(mark, fmt::format("the value does not fit the tag !!{}", tag.substr(kCoreTag.size())));
    }
    if (open_.size() >= limits_.depth_max) {
      refuse(mark, fmt::format("nested deeper than {} levels", limits_.depth_max));
    }
    enter_item(mark);
    Open& frame = open_.emplace_back();
    frame.is_map = is_map;
    frame.parent_path_size = path_.size();
  }

  void start_member(const YAML::Mark& mark, const std::string& key, bool plain) {
    Open& frame = open_.back();
    if (plain && key == "<<") refuse(mark, "merge keys are not supported");
    if (key.size() > limits_.key_bytes_max) {
      refuse(mark, fmt::format("a key is longer than {} bytes", limits_.key_bytes_max));
    }
    if (!frame.keys.insert(key).second)
      refuse(mark, fmt::format("duplicate key {}", go_quote(key)));
    frame.key = key;
    frame.has_key = true;
    if (!path_.empty()) path_ += '.';
    path_ += key;
    keep_line(mark);
  }

  // Appends "[3]" to the path when the value about to come is an item of a list.
  void enter_item(const YAML::Mark& mark) {
    if (!open_.empty() && open_.back().is_map) return;  // start_member did it
    if (!open_.empty()) path_ += fmt::format("[{}]", open_.back().items.size());
    keep_line(mark);
  }

  void keep_line(const YAML::Mark& mark) {
    if (path_.size() >= line_path_bytes_left_) return;
    line_path_bytes_left_ -= path_.size();
    document_.lines.emplace(path_, static_cast<std::size_t>(mark.line) + 1);
  }

  void add(const YAML::Mark& mark, Json value) {
    enter_item(mark);
    place(std::move(value));
  }

  void place(Json value) {
    if (open_.empty()) {
      path_.clear();
      document_.value = std::move(value);
      return;
    }
    Open& frame = open_.back();
    path_.resize(frame.parent_path_size);
    if (frame.is_map) {
      frame.members.emplace_back(std::move(frame.key), std::move(value));
      frame.has_key = false;
    } else {
      frame.items.push_back(std::move(value));
    }
  }

  const YamlLimits& limits_;
  const std::vector<std::string_view>& lines_;
  bool begun_ = false;
  std::vector<YamlDocument> documents_;
  YamlDocument document_;
  std::vector<Open> open_;
  std::string path_;
  std::size_t nodes_ = 0;
  std::size_t line_path_bytes_left_;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_text(std::string_view bytes) {
  const auto is_control = [](char c) {
    return (c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
  };
  return is_valid_utf8(bytes) && std::none_of(bytes.begin(), bytes.end(), is_control);
}

// yaml-cpp's words about a tab in the indentation are about something else.
bool is_indented_by_tab(std::string_view line) {
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

std::string reason(const YAML::Exception& error, const std::vector<std::string_view>& lines) {
  const auto line = static_cast<std::size_t>(std::max(error.mark.line, 0));
  if (line >= lines.size()) return "the text ends too early";
  return is_indented_by_tab(lines[line]) ? "tabs must not be used for indentation" : error.msg;
}

std::unexpected<Error> fail_at(int line, int column, std::string_view why) {
  return fail(ErrorCode::InvalidArgument,
              fmt::format("invalid YAML at line {}, column {}: {}", line + 1, column + 1, why));
}

}  // namespace

std::size_t YamlDocument::line_of(std::string_view path) const {
  while (true) {
    const auto at = lines.find(path);
    if (at != lines.end()) return at->second;
    if (path.empty()) return 0;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("invalid YAML: longer than {} bytes", limits.bytes_max));
  }
  if (!is_text(text)) return fail(ErrorCode::InvalidArgument, "invalid YAML: not UTF-8 text");
  const std::vector<std::string_view> lines = lines_of(text);
  try {
    // yaml-cpp lets the last line break of the text close an open quote, but not an end mark.
    std::istringstream stream(std::string(text) + (text.ends_with('\n') ? "...\n" : ""));
    YAML::Parser parser(stream);
    Builder builder(limits, lines);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_documents();
  } catch (const Refused& refused) {
    return fail_at(refused.line, refused.column, refused.why);
  } catch (const YAML::Exception& error) {
    return fail_at(error.mark.line, error.mark.column, reason(error, lines));
  }
}

Result<Json> parse_single_yaml(std::string_view text, const YamlLimits& limits) {
  YamlLimits without_lines = limits;
  without_lines.line_path_bytes_max = 0;
  Result<std::vector<YamlDocument>> documents = parse_yaml(text, without_lines);
  if (!documents) return std::unexpected(std::move(documents).error());
  if (documents->size() != 1) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("want one YAML document, have {}", documents->size()));
  }
  return std::move(documents->front().value);
}

}  // namespace clickdeploy
