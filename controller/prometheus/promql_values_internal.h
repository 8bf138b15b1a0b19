// Numbers and durations of PromQL, as Go and Prometheus read them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::prometheus::promql {

// Whole numbers by their prefix, 0x and 0 for hexadecimal and octal; all else decimal; inf and nan.
std::optional<double> number_value(std::string_view text);

// "0.5", "Inf", "NaN".
std::string number_text(double value);

// "1h30m" → milliseconds; units in order, each once.
std::optional<std::int64_t> duration_ms(std::string_view text);

}  // namespace clickdeploy::prometheus::promql
