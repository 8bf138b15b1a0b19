// Error, Result: expected failure as a value.
//
// A function that can fail for a reason outside the program returns Result<T>. The set of codes is
// closed on purpose: it is what the retry policy switches on. Messages start lower case without a
// full stop, because they are joined; they never hold a token, a password or a whole body.

#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy {

enum class ErrorCode : std::uint8_t {
  InvalidArgument,    // the request or spec is wrong; retrying cannot help
  NotFound,           // the named thing does not exist
  AlreadyExists,      // create lost to an earlier create
  Conflict,           // stale resource version, or wrong state; re-read, then retry
  Unauthenticated,    // no valid credentials; renew the token, then retry once
  PermissionDenied,   // valid credentials, not allowed
  ResourceExhausted,  // quota or rate limit; retry later
  Unavailable,        // peer down or unreachable; retry with backoff
  DeadlineExceeded,   // the caller's deadline passed; outcome unknown
  Expired,            // the history asked for is compacted away (410); list again
  Cancelled,          // the caller asked to stop
  Internal,           // anything else; please narrow it
};

// "InvalidArgument", "NotFound", …
std::string_view to_string(ErrorCode code);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }

  // Outermost context first: "reconcile Service prod/web: create port: quota".
  const std::string& message() const { return message_; }

  // True if the same request may succeed later without anyone editing the spec.
  bool is_retryable() const;

  // Returns the error with `what` and ": " put in front of the message.
  Error with_context(std::string_view what) &&;
  Error with_context(std::string_view what) const&;

  bool operator==(const Error&) const = default;

 private:
  ErrorCode code_;
  std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;

// return fail(ErrorCode::NotFound, "no such key");
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}

}  // namespace clickdeploy
