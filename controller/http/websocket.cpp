#include "controller/http/websocket.h"

#include "controller/base/text.h"
#include "controller/http/server_response_internal.h"
#include "controller/http/syntax_internal.h"
#include "controller/http/websocket_internal.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace clickdeploy::http {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kControlBytesMax = 125;

std::uint8_t byte(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

void append_number(std::string& text, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xFF);
}

std::string frame(std::uint8_t opcode, std::string_view payload) {
  std::string text;
  text.reserve(payload.size() + 10);
  text += static_cast<char>(kFinal | opcode);
  if (payload.size() <= kControlBytesMax) {
    append_number(text, payload.size(), 1);
  } else if (payload.size() <= 0xFFFF) {
    text += 126;
    append_number(text, payload.size(), 2);
  } else {
    text += 127;
    append_number(text, payload.size(), 8);
  }
  return text.append(payload);
}

// By as much of the head as is there.
std::size_t head_bytes(std::string_view head) {
  if (head.size() < 2) return 2;
  const std::uint8_t length = byte(head, 1) & 0x7FU;
  const std::size_t mask = (byte(head, 1) & kMasked) != 0 ? kMaskBytes : 0;
  return 2 + (length == 127 ? 8 : length == 126 ? 2 : 0) + mask;
}

// What proves to the client that its handshake was understood.
std::string accept_key(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return base64_encode(std::string(hash.begin(), hash.begin() + size));
}

bool names(const Headers& headers, std::string_view header, std::string_view word) {
  return std::ranges::any_of(headers, [&](const Header& one) {
    if (!equals_folded(one.name, header)) return false;
    const std::vector<std::string> parts = split(one.value, ',');
    return std::ranges::any_of(parts,
                               [&](const auto& part) { return equals_folded(trim(part), word); });
  });
}

// One message for each line, its end included.
class MessageStream final : public BodyStream {
 public:
  explicit MessageStream(std::unique_ptr<BodyStream> lines) : lines_(std::move(lines)) {}

  Task<Result<std::optional<std::string>>> next() override {
    Result<std::optional<std::string>> piece = co_await lines_->next();
    if (!piece || !*piece) co_return piece;
    std::string frames;
    std::string_view rest = **piece;
    while (!rest.empty()) {
      const std::size_t length = std::min(rest.find('\n'), rest.size() - 1) + 1;
      frames += text_frame(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    co_return std::optional<std::string>(std::move(frames));
  }

 private:
  std::unique_ptr<BodyStream> lines_;
};

}  // namespace

std::string text_frame(std::string_view text) {
  return frame(kText, text);
}

std::string close_frame(WebSocketClose code) {
  std::string payload;
  append_number(payload, static_cast<std::uint16_t>(code), 2);
  return frame(kClose, payload);
}

bool wants_websocket(const Headers& headers) {
  return names(headers, "Upgrade", "websocket") && names(headers, "Connection", "Upgrade");
}

Reply upgrade_to_websocket(const Headers& headers, std::unique_ptr<BodyStream> lines) {
  const std::string* key = find_header(headers, "Sec-WebSocket-Key");
  const std::string* version = find_header(headers, "Sec-WebSocket-Version");
  const std::optional<std::string> nonce = key ? base64_decode(*key) : std::nullopt;
  Reply reply;
  if (!nonce || nonce->size() != 16 || version == nullptr || *version != "13") {
    reply.response = error_response(400, "not a handshake of WebSocket in version 13");
    reply.response.headers.push_back({"Sec-WebSocket-Version", "13"});
    return reply;
  }
  reply.response.status = 101;
  reply.response.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accept_key(*key)}};
  // Of the protocols that a client speaks the first one is as good as any: lines stay lines.
  if (const std::string* offered = find_header(headers, "Sec-WebSocket-Protocol")) {
    reply.response.headers.push_back(
        {"Sec-WebSocket-Protocol", std::string(trim(offered->substr(0, offered->find(','))))});
  }
  reply.stream = std::make_unique<MessageStream>(std::move(lines));
  return reply;
}

bool WebSocketInput::read(std::string_view bytes) {
  while (!bytes.empty()) {
    if (in_payload_) {
      const std::size_t taken = std::min<std::uint64_t>(left_, bytes.size());
      if (is_control()) payload_ += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      left_ -= taken;
    } else {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      if (head_.size() < head_bytes(head_)) continue;
      if (!begin_payload()) return false;
    }
    if (left_ > 0) continue;
    if (!end_frame()) return false;
  }
  return true;
}

bool WebSocketInput::is_control() const {
  return (byte(head_, 0) & kClose) != 0;
}

bool WebSocketInput::begin_payload() {
  left_ = byte(head_, 1) & 0x7FU;
  if ((byte(head_, 1) & kMasked) == 0 || (is_control() && left_ > kControlBytesMax)) return false;
  const std::size_t length_bytes = head_.size() - 2 - kMaskBytes;
  if (length_bytes > 0) left_ = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) left_ = left_ << 8 | byte(head_, 2 + i);
  in_payload_ = true;
  return true;
}

bool WebSocketInput::end_frame() {
  const std::uint8_t opcode = byte(head_, 0) & 0xFU;
  if (opcode == kClose) return false;
  if (opcode == kPing) {
    const std::string_view mask = std::string_view(head_).substr(head_.size() - kMaskBytes);
    for (std::size_t i = 0; i < payload_.size(); ++i) {
      payload_[i] = static_cast<char>(byte(payload_, i) ^ byte(mask, i % kMaskBytes));
    }
    pong_ = frame(kPong, payload_);
  }
  head_.clear();
  payload_.clear();
  in_payload_ = false;
  return true;
}

std::string WebSocketInput::take_pong() {
  return std::exchange(pong_, {});
}

}  // namespace clickdeploy::http
