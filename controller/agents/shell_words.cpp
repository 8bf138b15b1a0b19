#include "controller/agents/shell_words_internal.h"
#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::agents {

namespace {

bool needs_no_quotes(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=:/.,@+";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// As systemd's word splitting reads it.
std::string quoted_word(std::string_view word) {
  return needs_no_quotes(word) ? std::string(word) : '"' + escaped(word, "\"\\") + '"';
}

}  // namespace

std::string environment_assignment(std::string_view name, const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(quoted_word(word));
  return std::string(name) + "=\"" + escaped(join(quoted, " "), "\"\\$`") + "\"\n";
}

std::string exec_start(const std::vector<std::string>& argv) {
  std::vector<std::string> quoted;
  quoted.reserve(argv.size());
  for (const std::string& word : argv) {
    // A unit expands %x and $X also inside quotes.
    std::string doubled;
    for (const char c : word) doubled.append(c == '%' || c == '$' ? 2 : 1, c);
    quoted.push_back(doubled == word ? quoted_word(word) : '"' + escaped(doubled, "\"\\") + '"');
  }
  return join(quoted, " ");
}

}  // namespace clickdeploy::agents
