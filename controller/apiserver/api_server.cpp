#include "controller/apiserver/api_server.h"

#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/builtin_objects_internal.h"
#include "controller/apiserver/discovery_internal.h"
#include "controller/apiserver/events_view_internal.h"
#include "controller/apiserver/health_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/parsed_documents_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/request_counts_internal.h"
#include "controller/apiserver/reviews_internal.h"
#include "controller/apiserver/routes_internal.h"
#include "controller/apiserver/stored_text_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/base/text.h"
#include "controller/http/gzip.h"
#include "controller/http/websocket.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kParsedTextBytesMax = 2 * 1024 * 1024;  // about 10 MiB of memory

}  // namespace

struct ApiServer::State {
  Core core;
  Discovery discovery;
  std::string flow_schema_uid;  // clients look for these headers, not at their values
  std::string priority_level_uid;
  std::atomic<std::uint64_t> requests = 0;
};

ApiServer::ApiServer(store::ObjectStore& store, const api::Scheme& scheme, Clock& clock,
                     Random& random, ApiServerOptions options)
    : state_(new State{
          Core{store, scheme, clock, random, options, std::make_shared<std::atomic<std::size_t>>(0),
               std::make_shared<const BuiltinObjects>(scheme), std::make_shared<RequestCounts>(),
               std::make_shared<ParsedDocuments>(kParsedTextBytesMax)},
          Discovery(scheme), random.uuid(), random.uuid()}) {}

ApiServer::~ApiServer() = default;

namespace {

std::unexpected<ApiError> page_not_found() {
  ApiError error;
  error.code = 404;
  return refuse(std::move(error));
}

// A refusal without a Status: the path itself means nothing here.
bool is_page_not_found(const ApiError& error) {
  return error.code == 404 && error.reason.empty();
}

Task<Answer<http::Reply>> read_collection(const Core& core, Call call) {
  if (call.target.old_watch_path && !call.target.name.empty()) {
    call.request.query.emplace_back("fieldSelector", "metadata.name=" + call.target.name);
    call.target.name.clear();
  }
  Answer<ListOptions> options = read_list_options(call);
  if (!options) co_return std::unexpected(options.error());
  const bool watch = options->watch;
  Answer<Format> format = negotiate(call.request, watch ? Shape::Watch : Shape::List);
  if (!format) co_return std::unexpected(format.error());
  call.format = std::move(*format);
  Answer<http::Reply> reply;
  if (watch) {
    reply = co_await watch_objects(core, std::move(call), std::move(*options));
  } else {
    reply = co_await list_objects(core, std::move(call), std::move(*options));
  }
  co_return reply;
}

bool has_subresource(const Target& target) {
  const std::string& name = target.subresource;
  return name.empty() || (name == "status" && target.info->has_status) ||
         (name == "scale" && target.info->scale.has_value());
}

// What Kubernetes calls a method in its messages; it has no word for those it does not know.
std::string verb_name(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  return method == "PATCH" || method == "DELETE" ? to_lower(method) : std::string();
}

// The name in the path of a create means nothing.
Task<Answer<http::Reply>> create_beside(const Core& core, Call call) {
  call.target.name.clear();
  Answer<http::Reply> reply = co_await create_object(core, std::move(call));
  co_return reply;
}

using Verb = Task<Answer<http::Reply>> (*)(const Core&, Call);

// The function for a method on what the path names; a refusal if there is none.
Answer<Verb> choose_verb(const Call& call) {
  const Target& target = call.target;
  const std::string& method = call.request.method;
  const bool one = !target.name.empty();
  const bool scale = target.subresource == "scale";
  // So does Kubernetes: its own kinds have a route for each subresource, ours share one.
  if (!has_subresource(target)) {
    return target.info->custom ? not_found(target.object_name()) : page_not_found();
  }
  if (method == "GET" || method == "HEAD") {
    if (!one || target.old_watch_path) return read_collection;
    return scale ? get_scale : get_object;
  }
  if (target.old_watch_path) return page_not_found();
  if (target.info->read_only) return write_builtin;
  if (method == "PUT" || method == "PATCH") {
    if (!one) return bad_request("name must be provided");
    if (method == "PUT") return scale ? replace_scale : replace_object;
    return scale ? patch_scale : patch_object;
  }
  if (!one && target.all_namespaces()) return page_not_found();
  if (method == "POST" && !one) return create_object;
  if (method == "POST" && target.info->custom && target.subresource.empty()) return create_beside;
  if (method == "DELETE" && target.subresource.empty()) {
    return one ? delete_object : delete_collection;
  }
  return method_not_allowed(verb_name(method), target.object_name());
}

Task<Answer<http::Reply>> handle_call(const Core& core, Call call) {
  Answer<Verb> verb = choose_verb(call);
  if (!verb) co_return std::unexpected(verb.error());
  if (*verb != read_collection) {
    Answer<Format> format = negotiate(call.request, Shape::One);
    if (!format) co_return std::unexpected(format.error());
    call.format = std::move(*format);
  }
  Answer<http::Reply> reply = co_await (*verb)(core, std::move(call));
  co_return reply;
}

Task<Answer<http::Reply>> handle_resource(const Core& core, ApiRequest request) {
  if (request.body.size() > kBodyBytesMax) co_return too_large("limit is 3145728");
  std::optional<Target> target = find_target(core.scheme, request);
  if (!target) co_return page_not_found();
  Call call;
  call.request = std::move(request);
  call.target = std::move(*target);
  const Asked asked = asked_of(call);
  Answer<http::Reply> reply = co_await handle_call(core, std::move(call));
  core.counts->add(asked, reply ? reply->response.status : reply.error().code);
  co_return reply;
}

Task<Answer<http::Reply>> handle_request(const Core& core, const Discovery& discovery,
                                         ApiRequest request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads) {
    std::optional<http::Reply> health = reply_health(core, request);
    if (health) co_return std::move(*health);
    std::optional<http::Reply> found = discovery.reply(request, core.clock);
    if (found) co_return std::move(*found);
  }
  std::optional<Answer<http::Reply>> review = reply_review(core, request);
  if (review) co_return std::move(*review);
  const bool view = is_events_view(request);
  Answer<http::Reply> reply;
  if (view) {
    reply = co_await handle_events_view(core, std::move(request), handle_resource);
  } else {
    reply = co_await handle_resource(core, std::move(request));
  }
  co_return reply;
}

bool is_accept(const http::Header& header) {
  return to_lower(header.name) == "accept";
}

// Of a request that is about to be handed on: all that negotiate() looks at.
ApiRequest accepted_form(const ApiRequest& request) {
  ApiRequest kept;
  for (const char* name : {"Accept", "User-Agent"}) {
    const std::string* value = http::find_header(request.headers, name);
    if (value != nullptr) kept.headers.push_back({name, *value});
  }
  if (request.has_parameter("pretty"))
    kept.query.emplace_back("pretty", request.parameter("pretty"));
  return kept;
}

// What a client and its server call one request by, in their logs: the client's own word for it, or
// a UUID that no other request to this process has.
std::string audit_id(const http::Request& request, const std::string& process_uid,
                     std::uint64_t number) {
  constexpr std::size_t kAuditIdMax = 64;
  const std::string* given = http::find_header(request.headers, "Audit-ID");
  if (given != nullptr && !given->empty()) return given->substr(0, kAuditIdMax);
  constexpr std::size_t kCommonPart = 24;  // "0d7b2e7c-2f0c-4a3b-9f51-"
  return fmt::format("{}{:012x}", std::string_view(process_uid).substr(0, kCommonPart),
                     number & 0xFFFF'FFFF'FFFF);
}

void compress(http::Reply& reply) {
  const std::string& body = reply.shared ? *reply.shared : reply.response.body;
  if (reply.stream != nullptr || body.size() < kCompressedBytesMin) return;
  if (body.size() > kCompressedBytesMax) return;
  if (http::find_header(reply.response.headers, "Content-Encoding") != nullptr) return;
  reply.response.body = http::gzip(body);
  reply.shared.reset();
  reply.response.headers.push_back({"Content-Encoding", "gzip"});
  reply.response.headers.push_back({"Vary", "Accept-Encoding"});
}

}  // namespace

Task<http::Reply> ApiServer::handle(http::Request request) {
  const State& state = *state_;
  const bool head = request.method == "HEAD";
  std::string id = audit_id(request, state.flow_schema_uid, ++state_->requests);
  const std::string* encodings = http::find_header(request.headers, "Accept-Encoding");
  const bool gzip =
      request.method == "GET" && encodings != nullptr && http::accepts_gzip(*encodings);
  const bool websocket = request.method == "GET" && http::wants_websocket(request.headers);
  const http::Headers handshake = websocket ? request.headers : http::Headers();
  Answer<ApiRequest> read = ApiRequest::read(std::move(request));
  ApiRequest asked;  // what tells how a refusal is to be written
  bool protobuf = false;
  Answer<http::Reply> reply;
  if (read) {
    protobuf = insists_on_protobuf(state.core.scheme, *read);
    if (protobuf) std::erase_if(read->headers, is_accept);
    asked = accepted_form(*read);
    reply = co_await handle_request(state.core, state.discovery, std::move(*read));
  } else {
    reply = std::unexpected(read.error());
  }
  http::Reply answer;
  if (reply) {
    answer = std::move(*reply);
  } else if (is_page_not_found(reply.error())) {
    answer = reply_text(404, "404 page not found\n");
  } else {
    answer = reply_error(reply.error(), negotiate_refusal(asked));
  }
  if (protobuf) answer = to_protobuf(std::move(answer));
  if (websocket && !protobuf && answer.stream != nullptr) {
    answer = http::upgrade_to_websocket(handshake, std::move(answer.stream));
  }
  if (gzip) compress(answer);
  http::Headers& headers = answer.response.headers;
  headers.push_back({"Audit-Id", std::move(id)});
  if (http::find_header(headers, "Cache-Control") == nullptr) {
    headers.push_back({"Cache-Control", "no-cache, private"});
  }
  headers.push_back({"X-Kubernetes-Pf-Flowschema-Uid", state.flow_schema_uid});
  headers.push_back({"X-Kubernetes-Pf-Prioritylevel-Uid", state.priority_level_uid});
  if (head) {
    answer.response.body.clear();
    answer.shared.reset();
    answer.stream.reset();
  }
  co_return answer;
}

Task<Result<void>> ApiServer::bootstrap() {
  const Core& core = state_->core;
  const store::Key key{"namespaces", "", "default"};
  if (core.store.get(key) != nullptr) co_return Result<void>();
  http::Request request;
  request.method = "POST";
  request.url = "/api/v1/namespaces";
  request.body = to_json(Json::object({{"apiVersion", "v1"},
                                       {"kind", "Namespace"},
                                       {"metadata", Json::object({{"name", "default"}})}}));
  http::Reply reply = co_await handle(std::move(request));
  if (reply.response.status == 201 || reply.response.status == 409) co_return Result<void>();
  co_return fail(ErrorCode::Unavailable,
                 "create the namespace default: " + std::string(trim(reply.response.body)));
}

Task<void> ApiServer::run_background() {
  co_await apiserver::run_background(state_->core);
}

std::vector<RequestCount> ApiServer::request_counts() const {
  return state_->core.counts->all();
}

std::size_t ApiServer::open_watches() const {
  return state_->core.watches->load();
}

Result<store::Facts> ApiServer::read_facts(const store::Key& /*key*/, std::string_view bytes) {
  return read_stored_facts(bytes);
}

}  // namespace clickdeploy::apiserver
