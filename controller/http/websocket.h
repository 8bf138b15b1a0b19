// WebSocket (RFC 6455), as far as dashboards need it: a browser's way to read a stream of lines.
// Each line goes to the client as one text message; of what the client sends, only its pings and
// its close mean anything.
//
//   if (wants_websocket(request.headers)) reply = upgrade_to_websocket(request.headers, stream);
//
// The connection ends with the stream, with a close frame.

#pragma once

#include "controller/http/message.h"

#include <memory>
#include <string>
#include <string_view>

namespace clickdeploy::http {

bool wants_websocket(const Headers& headers);

// The reply to a GET with these headers that turns its connection into a WebSocket (101); 400 where
// they are not those of a handshake. Each piece of `lines` is made of whole lines.
Reply upgrade_to_websocket(const Headers& headers, std::unique_ptr<BodyStream> lines);

}  // namespace clickdeploy::http
