#include "tests/simulation/swarm_decisions.h"

namespace clickdeploy::simulation {

namespace {

std::uint64_t scramble(std::uint64_t value) {  // the finalizer of SplitMix64
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
  return hash;
}

std::string name_of(std::string_view name, std::string_view place, std::uint64_t number) {
  std::string text(name);
  if (!place.empty()) text.append(":").append(place);
  if (number > 0) text.append(":").append(std::to_string(number));
  return text;
}

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  return scramble(state_);
}

std::int64_t Dice::between(std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
}

bool Dice::chance(double probability) {
  return static_cast<double>(below(1'000'000)) < probability * 1'000'000.0;
}

Decisions::Decisions(std::uint64_t seed, std::optional<DecisionSet> only)
    : seed_(scramble(seed + 0x9E3779B97F4A7C15ULL)), only_(std::move(only)) {}

std::uint64_t Decisions::key(std::string_view name, std::string_view place,
                             std::uint64_t number) const {
  return scramble(scramble(seed_ ^ hash_of(name)) + hash_of(place)) +
         number * 0x632BE59BD9B4E019ULL;
}

double Decisions::rate(std::string_view name, double most) const {
  Dice dice(key(name, "rate", 0));
  const bool on = dice.chance(0.5);
  const double drawn = most * static_cast<double>(1 + dice.below(1000)) / 1000.0;
  return on ? drawn : 0.0;
}

std::optional<Dice> Decisions::take(std::string_view name, std::string_view place,
                                    std::uint64_t number, double probability) {
  if (probability <= 0.0) return std::nullopt;
  Dice dice(key(name, place, number));
  if (!dice.chance(probability)) return std::nullopt;
  std::string decision = name_of(name, place, number);
  if (only_ && !only_->contains(decision)) return std::nullopt;
  taken_.push_back(std::move(decision));
  return dice;
}

Dice Decisions::dice(std::string_view name, std::uint64_t number) const {
  return Dice(key(name, "", number));
}

const std::string& Decisions::last_taken() const {
  static const std::string kNone;
  return taken_.empty() ? kNone : taken_.back();
}

std::string class_of(const std::string& decision) {
  return decision.substr(0, decision.find(':'));
}

DecisionSet parse_decisions(std::string_view text) {
  DecisionSet set;
  std::string word;
  for (const char byte : std::string(text) + ",") {
    if (byte != ',' && byte != ' ' && byte != '\n') {
      word += byte;
      continue;
    }
    if (!word.empty()) set.insert(word);
    word.clear();
  }
  return set;
}

std::string join_decisions(const std::vector<std::string>& decisions) {
  std::string text;
  for (const std::string& each : decisions) text += (text.empty() ? "" : ",") + each;
  return text;
}

}  // namespace clickdeploy::simulation
