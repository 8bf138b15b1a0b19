#include "controller/localcloud/shell_words_internal.h"

#include <utility>

namespace clickdeploy::localcloud {
namespace {

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<Words> run() {
    while (at_ < text_.size()) step(text_[at_++]);
    end_command();
    return std::move(commands_);
  }

 private:
  void step(char c) {
    switch (c) {
      case '\\':
        return escape();
      case '\'':
        return quoted_plain();
      case '"':
        return quoted();
      case '#':
        if (in_word_) return add(c);
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case ' ':
      case '\t':
        return end_word();
      case '\n':
      case ';':
      case '&':
      case '|':
        return end_command();
      default:
        return add(c);
    }
  }

  void add(char c) {
    word_ += c;
    in_word_ = true;
  }

  void escape() {
    if (at_ == text_.size()) return;
    const char next = text_[at_++];
    if (next != '\n') add(next);
  }

  void quoted_plain() {
    in_word_ = true;
    while (at_ < text_.size() && text_[at_] != '\'') word_ += text_[at_++];
    ++at_;
  }

  void quoted() {
    in_word_ = true;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word_ += text_[at_++];
    }
    ++at_;
  }

  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, ""));
    in_word_ = false;
  }

  void end_command() {
    end_word();
    if (!words_.empty()) commands_.push_back(std::exchange(words_, {}));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string word_;
  bool in_word_ = false;
  Words words_;
  std::vector<Words> commands_;
};

}  // namespace

std::vector<Words> split_shell(std::string_view script) {
  return Splitter(script).run();
}

}  // namespace clickdeploy::localcloud
