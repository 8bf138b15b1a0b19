// Random JSON values from a seed, rich in strings that writers get wrong.

#pragma once

#include "controller/base/json.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace clickdeploy {

class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : engine_() % limit; }

  Json value(std::size_t depth) {
    switch (below(depth == 0 ? 6 : 9)) {
      case 0:
        return {};
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(engine_());
      case 3:
        return finite_double();
      case 4:
      case 5:
        return text();
      case 6:
      case 7: {
        Json object = Json::object();
        for (std::size_t i = below(5); i > 0; --i) object.set(text(), value(depth - 1));
        return object;
      }
      default: {
        Json array = Json::array();
        for (std::size_t i = below(5); i > 0; --i) array.push_back(value(depth - 1));
        return array;
      }
    }
  }

  std::string text() {
    static const std::vector<std::string> kPieces{"",           "a",
                                                  "no",         "Yes",
                                                  "~",          "null",
                                                  "010",        "1e3",
                                                  "0x1F",       "-",
                                                  ":",          ": ",
                                                  " #",         "#",
                                                  "\n",         "\n\n",
                                                  " ",          "  ",
                                                  "\t",         "\r\n",
                                                  "\"",         "'",
                                                  "\\",         "[",
                                                  "{",          "&a",
                                                  "*a",         "!!str",
                                                  "|",          ">",
                                                  "%",          "@",
                                                  "`",          "---",
                                                  "...",        "<<",
                                                  "=",          "1:30",
                                                  ".inf",       "1_0",
                                                  "é",          "\x01",
                                                  "?",          "? ",
                                                  "- ",         ",",
                                                  "key: v",     "\u2028",
                                                  "\uFEFF",     "😀",
                                                  "line",       "\x7F",
                                                  "1.5",        "\u0085",
                                                  "2026-11-22", "word",
                                                  "- item\n",   "  indented\n",
                                                  "10.0.0.1"};
    std::string text;
    for (std::size_t i = below(4); i > 0; --i) text += kPieces[below(kPieces.size())];
    return text;
  }

 private:
  double finite_double() {
    const double value = std::bit_cast<double>(engine_());
    return std::isfinite(value) ? value : 0.5;
  }

  std::mt19937_64 engine_;
};

}  // namespace clickdeploy
