// Small text forms that several modules need: escapes, encodings, times, durations.

#pragma once

#include "controller/base/error.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// RFC 3339 in UTC. Kubernetes' metav1.Time has whole seconds, MicroTime six digits.
std::string format_time(WallTime time);        // 2026-11-22T10:19:29Z
std::string format_micro_time(WallTime time);  // 2026-11-22T10:19:29.000000Z
std::optional<WallTime> parse_time(
    std::string_view text);  // any fraction, Z, an offset, or none (= UTC)

// Kubernetes' duration.HumanDuration: "45s", "3m20s", "95m", "5h30m", "30h", "3d4h", "400d".
std::string human_duration(std::chrono::seconds duration);

// Prometheus durations: "30s", "1h30m", "5m"; nullopt if malformed.
std::optional<std::chrono::milliseconds> parse_prometheus_duration(std::string_view text);

// RFC 3986: everything but unreserved characters becomes %XX.
std::string escape_path_segment(std::string_view text);
std::string escape_query(std::string_view text);
std::optional<std::string> unescape_url(std::string_view text, bool plus_is_space = false);

// "a=1&b=2" → pairs in order, unescaped. Malformed escapes: nullopt.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

std::string sha256_hex(std::string_view bytes);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string go_quote(std::string_view text);  // Go's %q: quotes and escapes

}  // namespace clickdeploy
