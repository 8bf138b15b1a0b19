#include "tests/client/scripted_api.h"

namespace clickdeploy::client {

namespace {

class ScriptedStream final : public http::BodyStream {
 public:
  ScriptedStream(Clock& clock, ScriptedReply reply) : clock_(clock), reply_(std::move(reply)) {}

  Task<Result<std::optional<std::string>>> next() override {
    if (at_ == reply_.pieces.size()) {
      while (reply_.stays_open) co_await clock_.sleep(std::chrono::hours(1));
      co_return std::optional<std::string>();
    }
    const Piece& piece = reply_.pieces[at_++];
    if (piece.after.count() > 0) co_await clock_.sleep(piece.after);
    if (piece.broken) co_return fail(ErrorCode::Unavailable, "connection reset");
    co_return std::optional<std::string>(piece.text);
  }

 private:
  Clock& clock_;
  ScriptedReply reply_;
  std::size_t at_ = 0;
};

}  // namespace

ScriptedApi::ScriptedApi(SimWorld& world) : world_(world), client_(http_, {}) {
  http_.route("http://clickdeploy.local",
              [this](http::Request request) { return serve(std::move(request)); });
}

std::vector<std::string> ScriptedApi::targets() const {
  std::vector<std::string> all;
  for (const Asked& each : asked) all.push_back(each.method + " " + each.target);
  return all;
}

Task<http::Reply> ScriptedApi::serve(http::Request request) {
  Result<Json> body = parse_json(request.body);
  asked.push_back({request.method, request.url, body ? *std::move(body) : Json(),
                   std::move(request.headers), world_.clock.steady_now()});
  ScriptedReply reply{503, {}};
  if (handler) {
    reply = handler(asked.back());
  } else if (!script.empty()) {
    reply = std::move(script.front());
    script.pop_front();
  }
  http::Reply out;
  out.response.status = reply.status;
  out.stream = std::make_unique<ScriptedStream>(world_.clock, std::move(reply));
  co_return out;
}

std::string event_line(const std::string& type, const Json& object) {
  return to_json(Json::object({{"type", type}, {"object", object}})) + "\n";
}

Json named(const std::string& name, const std::string& version) {
  return Json::object({{"metadata", Json::object({{"name", name}, {"resourceVersion", version}})}});
}

Json status_body(int code, const std::string& reason, const std::string& message) {
  return Json::object({{"kind", "Status"},
                       {"status", "Failure"},
                       {"reason", reason},
                       {"message", message},
                       {"code", code}});
}

Json list_body(std::vector<Json> items, const std::string& version,
               const std::string& continue_token) {
  Json metadata = Json::object({{"resourceVersion", version}});
  if (!continue_token.empty()) metadata.set("continue", continue_token);
  return Json::object({{"kind", "NamespaceList"},
                       {"apiVersion", "v1"},
                       {"metadata", metadata},
                       {"items", Json(JsonArray(std::move(items)))}});
}

}  // namespace clickdeploy::client
