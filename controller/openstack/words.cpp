#include "controller/base/text.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <array>
#include <utility>

namespace clickdeploy::openstack {
namespace {

constexpr std::size_t kSentenceBytesMax = 300;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the escape sequence at the start of `text` (which begins with ESC).
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {  // CSI: parameters, then one final byte
    std::size_t end = 2;
    while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
    return std::min(end + 1, text.size());
  }
  if (text[1] == ']') {  // OSC: up to BEL or ESC
    const std::size_t end = text.find_first_of("\a\x1b", 2);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return 2;
}

// U+200E, U+200F, U+202A–U+202E, U+2066–U+2069 and the C1 controls U+0080–U+009F.
std::size_t hidden_mark_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  if (byte(0) != 0xE2) return 0;
  const unsigned last = byte(2);
  const bool direction =
      byte(1) == 0x80 && (last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE));
  const bool isolate = byte(1) == 0x81 && last >= 0xA6 && last <= 0xA9;
  return direction || isolate ? 3 : 0;
}

void cut_between_characters(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

std::string collapse_blanks(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Removes every <name …>…</name> and gives back the text of the first.
std::string take_elements(std::string& html, std::string_view name) {
  std::string first;
  for (std::size_t from = 0;;) {
    const std::string folded = to_lower(html);
    const std::size_t open = folded.find("<" + std::string(name), from);
    if (open == std::string::npos) return first;
    const std::size_t text = folded.find('>', open);
    if (text == std::string::npos) return first;
    const std::size_t close = folded.find("</" + std::string(name), text);
    const std::size_t end =
        close == std::string::npos ? std::string::npos : folded.find('>', close);
    if (end == std::string::npos) return first;
    if (first.empty()) first = html.substr(text + 1, close - text - 1);
    html.replace(open, end + 1 - open, " ");
    from = open;
  }
}

std::string without_tags(std::string_view html) {
  std::string out;
  bool inside = false;
  for (char c : html) {
    if (c == '<') inside = true;
    if (!inside) out += c;
    if (c == '>' && inside) {
      inside = false;
      out += ' ';
    }
  }
  return out;
}

std::string decode_entities(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEntities = {
      {{"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&#39;", "'"},
       {"&#x27;", "'"},
       {"&amp;", "&"}}};
  for (const auto& [entity, character] : kEntities) {
    for (std::size_t at = text.find(entity); at != std::string::npos;
         at = text.find(entity, at + character.size())) {
      text.replace(at, entity.size(), character);
    }
  }
  return text;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t bytes_max, LineBreaks breaks) {
  // What is cut off need not be read; escapes only make the text shorter.
  text = text.substr(0, bytes_max * 4 + 64);
  std::string out;
  while (!text.empty() && out.size() <= bytes_max) {
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (c == 0x1B) {
      length = escape_length(text);
    } else if (c == '\n' || c == '\t' || c == '\r') {
      if (breaks == LineBreaks::Fold) {
        out += ' ';
      } else if (c != '\r') {
        out += static_cast<char>(c);
      }
    } else if (c < 0x20 || c == 0x7F) {
      out += kReplacement;
    } else if (const std::size_t mark = hidden_mark_length(text); mark > 0) {
      out += kReplacement;
      length = mark;
    } else {
      out += static_cast<char>(c);
    }
    text.remove_prefix(length);
  }
  cut_between_characters(out, bytes_max);
  return out;
}

std::string first_sentence(std::string_view text) {
  std::string words = collapse_blanks(clean_text(trim(text), 4 * kSentenceBytesMax));
  const std::size_t stop = words.find(". ");
  if (stop != std::string::npos) words.resize(stop);
  cut_between_characters(words, kSentenceBytesMax);
  while (!words.empty() && (words.back() == '.' || words.back() == ' ')) words.pop_back();
  return words;
}

std::string words_of_html(std::string_view html) {
  // A page of a proxy is short; a longer one has its message at the top.
  std::string page(html.substr(0, 16 * 1024));
  const std::string title = take_elements(page, "title");
  for (std::string_view name : {"script", "style"}) take_elements(page, name);
  const std::string heading = take_elements(page, "h1");
  for (const std::string& candidate : {page, heading, title}) {
    std::string words = collapse_blanks(decode_entities(without_tags(candidate)));
    if (!words.empty()) return words;
  }
  return "";
}

bool is_plain_id(std::string_view id) {
  if (id.empty() || id.size() > 255 || id == "." || id == "..") return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace clickdeploy::openstack
