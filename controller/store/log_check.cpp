#include "controller/store/log_check_internal.h"

#include <bit>
#include <string>
#include <vector>

namespace clickdeploy::store {
namespace {

// SQLite's file format: a header of 32 bytes; then records, each 24 bytes and a page. Numbers are
// big-endian, but the words that are summed have the byte order that the magic number tells.
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kHeaderSummed = 24;
constexpr std::size_t kRecordHeaderBytes = 24;
constexpr std::size_t kRecordHeaderSummed = 8;
constexpr std::size_t kSaltAt = 16;         // in the header; in a record 8
constexpr std::size_t kRecordCommitAt = 4;  // not 0: the last of its transaction
constexpr std::size_t kRecordSaltAt = 8;
constexpr std::size_t kRecordSumAt = 16;
constexpr std::uint32_t kMagic = 0x377f0682;  // or 1 more: big-endian sums

struct Sum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Sum&) const = default;
};

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number = (number << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

Sum sum_at(std::string_view bytes, std::size_t at) {
  return {number_at(bytes, at), number_at(bytes, at + 4)};
}

std::uint32_t word_at(std::string_view bytes, std::size_t at, bool big_endian) {
  const std::uint32_t number = number_at(bytes, at);
  return big_endian ? number : __builtin_bswap32(number);
}

Sum add(Sum sum, std::string_view bytes, bool big_endian) {
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    sum.first += word_at(bytes, at, big_endian) + sum.second;
    sum.second += word_at(bytes, at + 4, big_endian) + sum.first;
  }
  return sum;
}

// What one unit more in each word does to the sum over so many bytes.
std::vector<Sum> weights(std::size_t bytes) {
  std::vector<Sum> all(bytes / 4);
  Sum first{1, 1};   // of the last pair's first word
  Sum second{0, 1};  // and second word
  for (std::size_t pair = bytes / 8; pair-- > 0;) {
    all[2 * pair] = first;
    all[2 * pair + 1] = second;
    for (Sum* sum : {&first, &second}) {
      sum->first += sum->second;
      sum->second += sum->first;
    }
  }
  return all;
}

bool is_one_bit(Sum a, Sum b) {
  return std::popcount(a.first ^ b.first) + std::popcount(a.second ^ b.second) == 1;
}

// The word, counted from 0, in which flipping one bit turns the sum `got` into `wanted`.
std::optional<std::size_t> find_flip(std::string_view summed, Sum got, Sum wanted,
                                     bool big_endian) {
  const std::vector<Sum> weight = weights(summed.size());
  const Sum missing{wanted.first - got.first, wanted.second - got.second};
  for (std::size_t word = 0; word < weight.size(); ++word) {
    const std::uint32_t now = word_at(summed, 4 * word, big_endian);
    for (int bit = 0; bit < 32; ++bit) {
      const std::uint32_t change = (now ^ (1u << bit)) - now;
      if (Sum{weight[word].first * change, weight[word].second * change} == missing) return word;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> flip_in_header(std::string_view header) {
  const bool big_endian = (number_at(header, 0) & 1) != 0;
  const std::string_view summed = header.substr(0, kHeaderSummed);
  const Sum wanted = sum_at(header, kHeaderSummed);
  // The bit that tells the byte order may be the one.
  for (const bool order : {big_endian, !big_endian}) {
    const Sum got = add({}, summed, order);
    if (is_one_bit(got, wanted)) return kHeaderSummed;
    if (const auto word = find_flip(summed, got, wanted, order)) return 4 * *word;
  }
  return std::nullopt;
}

// Of a record that SQLite does not take.
std::optional<std::uint64_t> flip_in_record(std::string_view record, std::string_view salts,
                                            const std::string& summed, Sum got, bool big_endian) {
  const Sum wanted = sum_at(record, kRecordSumAt);
  const std::string_view own = record.substr(kRecordSaltAt, salts.size());
  if (own != salts) {
    const bool one_bit = is_one_bit(sum_at(own, 0), sum_at(salts, 0));
    if (one_bit && got == wanted) return kRecordSaltAt;
    return std::nullopt;  // a record of an earlier round
  }
  if (is_one_bit(got, wanted)) return kRecordSumAt;
  const auto word = find_flip(summed, got, wanted, big_endian);
  if (!word) return std::nullopt;
  const std::size_t at = 4 * *word;
  return at < kRecordHeaderSummed ? at : at - kRecordHeaderSummed + kRecordHeaderBytes;
}

}  // namespace

std::optional<std::uint64_t> find_flipped_bit(std::string_view log) {
  if (log.size() < kHeaderBytes) return std::nullopt;
  const std::string_view header = log.substr(0, kHeaderBytes);
  const std::uint32_t magic = number_at(header, 0);
  const bool big_endian = (magic & 1) != 0;
  Sum sum = add({}, header.substr(0, kHeaderSummed), big_endian);
  if ((magic & ~1u) != kMagic || sum != sum_at(header, kHeaderSummed)) {
    return flip_in_header(header);
  }
  const std::size_t page = number_at(header, 8);
  if (page < 512 || page > 65536) return std::nullopt;
  const std::string_view salts = header.substr(kSaltAt, 8);
  std::optional<std::uint64_t> flip;
  std::optional<Sum> other;  // what may have to be gone on with instead
  int commits = 0;           // since the flip
  for (std::size_t at = kHeaderBytes; at + kRecordHeaderBytes + page <= log.size();
       at += kRecordHeaderBytes + page) {
    const std::string_view record = log.substr(at, kRecordHeaderBytes + page);
    std::string summed(record.substr(0, kRecordHeaderSummed));
    summed += record.substr(kRecordHeaderBytes);
    const Sum wanted = sum_at(record, kRecordSumAt);
    Sum got = add(sum, summed, big_endian);
    if (other && got != wanted) got = add(*other, summed, big_endian);
    other.reset();
    bool commits_here = number_at(record, kRecordCommitAt) != 0;
    sum = wanted;
    if (record.substr(kRecordSaltAt, 8) != salts || got != wanted) {
      if (flip) return std::nullopt;
      const auto where = flip_in_record(record, salts, summed, got, big_endian);
      if (!where) return std::nullopt;
      flip = at + *where;
      other = got;  // if it was the record's own sum that flipped
      if (*where == kRecordCommitAt) commits_here = false;
    }
    if (flip && commits_here && ++commits == 2) return flip;
  }
  return std::nullopt;
}

}  // namespace clickdeploy::store
