#include "controller/base/error.h"

namespace clickdeploy {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "InvalidArgument";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::AlreadyExists:
      return "AlreadyExists";
    case ErrorCode::Conflict:
      return "Conflict";
    case ErrorCode::Unauthenticated:
      return "Unauthenticated";
    case ErrorCode::PermissionDenied:
      return "PermissionDenied";
    case ErrorCode::ResourceExhausted:
      return "ResourceExhausted";
    case ErrorCode::Unavailable:
      return "Unavailable";
    case ErrorCode::DeadlineExceeded:
      return "DeadlineExceeded";
    case ErrorCode::Expired:
      return "Expired";
    case ErrorCode::Cancelled:
      return "Cancelled";
    case ErrorCode::Internal:
      return "Internal";
  }
  return "Internal";
}

bool Error::is_retryable() const {
  switch (code_) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::PermissionDenied:
      return false;
    // Transient unless we are sure: the missing thing may appear, the name may become free, the
    // credentials may be renewed.
    case ErrorCode::NotFound:
    case ErrorCode::AlreadyExists:
    case ErrorCode::Conflict:
    case ErrorCode::Unauthenticated:
    case ErrorCode::ResourceExhausted:
    case ErrorCode::Unavailable:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Expired:
    case ErrorCode::Cancelled:
    case ErrorCode::Internal:
      return true;
  }
  return true;
}

Error Error::with_context(std::string_view what) && {
  std::string joined;
  joined.reserve(what.size() + 2 + message_.size());
  joined.append(what).append(": ").append(message_);
  return {code_, std::move(joined)};
}

Error Error::with_context(std::string_view what) const& {
  return Error(*this).with_context(what);
}

}  // namespace clickdeploy
