// Looks for a flipped bit in SQLite's write-ahead log.
//
// SQLite reads the log up to the first record whose checksum is wrong, because a loss of power may
// cut it there. A bit that flips in an older record would thus silently take back all that was
// committed since. The checksums are sums, so one flipped bit can be told from a record that was
// never written as a whole: exactly one bit makes it right again, and the log goes on after it to a
// second commit. In the newest transaction the two cannot be told apart: a lost sector may differ
// from what was there before it by one bit.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace clickdeploy::store {

// The offset of the byte with the flipped bit, if that is why reading `log` ends where it does.
std::optional<std::uint64_t> find_flipped_bit(std::string_view log);

}  // namespace clickdeploy::store
