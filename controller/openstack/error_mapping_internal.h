// What an answer with a status of 300 or more means: the one place that reads OpenStack's errors.

#pragma once

#include "controller/base/error.h"
#include "controller/http/message.h"

#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy::openstack {

// Who may say "there is no such thing": Nova and Neutron say it in JSON, so anything else comes
// from a proxy or a wrong path and is Unavailable, lest a server be taken for gone. Glance and
// Keystone also say it in HTML or plain text.
enum class NotFoundForm { Json, Any };

// An Error for a reply that is not a success. Messages of Unavailable begin with "HTTP <status>";
// all others with the cloud's own words. Neither ever begins with "connect".
Error error_from_response(const http::Response& response, NotFoundForm form);

// An Error for no reply. "connect …" stays as it is; all others begin with "no answer: " and are
// Unavailable or DeadlineExceeded, or InvalidArgument for a bad URL.
Error error_from_transport(const Error& error);

// The request ID of a reply, if it has one of plain characters; "" otherwise.
std::string request_id_of(const http::Response& response);

// Puts `what` in front, but leaves "connect …" alone: certainly_not_done() looks for it.
Error in_context(Error error, std::string_view what);

// return fail_in("list servers", error)
inline std::unexpected<Error> fail_in(std::string_view what, Error error) {
  return std::unexpected(in_context(std::move(error), what));
}

}  // namespace clickdeploy::openstack
