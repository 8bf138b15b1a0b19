#include "tests/simulation/sim_network.h"

namespace clickdeploy::simulation {

namespace {

// How long what repeats requests waits for an answer.
constexpr std::chrono::seconds kPatience{5};

Error refused(const std::string& origin) {
  return Error(ErrorCode::Unavailable, "connect " + origin + ": connection refused");
}

Task<Result<std::string>> read_body(http::Reply reply) {
  if (reply.stream == nullptr) {
    co_return reply.shared ? *reply.shared : std::move(reply.response.body);
  }
  std::string body;
  while (true) {
    Result<std::optional<std::string>> piece = co_await reply.stream->next();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (!*piece) co_return body;
    body += **piece;
  }
}

// Tells that a message was sent, and that it has ended, however that was.
class Message {
 public:
  Message(const Taps& taps, std::shared_ptr<SimNetwork::Exchange> exchange)
      : taps_(taps), exchange_(std::move(exchange)) {
    if (taps_.sent) taps_.sent(exchange_->request);
  }
  ~Message() {
    const Result<http::Response>* result = came_ ? &*exchange_->result : nullptr;
    if (taps_.ended) taps_.ended(exchange_->request, result);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void came() { came_ = exchange_->result.has_value(); }

 private:
  const Taps& taps_;
  const std::shared_ptr<SimNetwork::Exchange> exchange_;
  bool came_ = false;
};

}  // namespace

SplitUrl split_url(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t from = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const std::size_t slash = std::min(url.find('/', from), url.size());
  return {url.substr(0, slash), slash == url.size() ? "/" : url.substr(slash)};
}

std::chrono::microseconds SimNetwork::latency() {
  return std::chrono::microseconds(200 + random_.next() % 2000);
}

void SimNetwork::start(std::shared_ptr<Exchange> exchange, std::function<void()> done) {
  ++messages_;
  tasks_.start("message", carry(std::move(exchange), std::move(done)));
}

Task<void> SimNetwork::carry(std::shared_ptr<Exchange> exchange, std::function<void()> done) {
  http::Request request = exchange->request;
  co_await clock_.sleep(latency());
  std::optional<NetworkFault> fault;
  if (faults) fault = faults(request);
  if (fault && fault->kind == NetworkFault::Kind::Late) {
    co_await clock_.sleep(fault->delay);
    if (fault->unless && fault->unless()) co_return;
  }
  std::optional<http::Request> again;
  if (fault && fault->kind == NetworkFault::Kind::Duplicate) again = request;
  std::optional<Result<http::Response>> result = co_await deliver(std::move(request), fault);
  if (again) co_await send_again(*std::move(again), *fault);
  if (!result) co_return;
  const bool altered = fault && fault->kind == NetworkFault::Kind::Altered;
  if (altered && *result) fault->alter(**result);
  if (fault && fault->kind == NetworkFault::Kind::LateAnswer) co_await clock_.sleep(fault->delay);
  co_await clock_.sleep(latency());
  exchange->result = std::move(result);
  done();
}

// Something on the way repeats what was not answered in time, or at once if the connection broke.
// So what changes something is answered after it was carried out twice, or after that time.
Task<void> SimNetwork::send_again(http::Request request, NetworkFault fault) {
  const bool changes = request.method != "GET";
  if (changes && fault.delay <= kPatience) {
    co_return co_await repeat(std::move(request), std::move(fault));
  }
  tasks_.start("second message", repeat(std::move(request), std::move(fault)));
  if (changes) co_await clock_.sleep(kPatience);
}

Task<void> SimNetwork::repeat(http::Request request, NetworkFault fault) {
  co_await clock_.sleep(fault.delay);
  if (fault.unless && fault.unless()) co_return;
  // Nobody waits for this answer.
  std::optional<Result<http::Response>> ignored =
      co_await deliver(std::move(request), std::nullopt);
}

Task<std::optional<Result<http::Response>>> SimNetwork::deliver(http::Request request,
                                                                std::optional<NetworkFault> fault) {
  const SplitUrl url = split_url(request.url);
  if (fault) {
    switch (fault->kind) {
      case NetworkFault::Kind::Refuse:
        co_return std::unexpected(refused(url.origin));
      case NetworkFault::Kind::Reset:
        co_return fail(ErrorCode::Unavailable, "the connection was reset");
      case NetworkFault::Kind::Hang:
        co_return std::nullopt;
      case NetworkFault::Kind::Status:
        co_return http::Response{
            .status = fault->status, .headers = fault->headers, .body = fault->body};
      case NetworkFault::Kind::TimeOutAfter:
      case NetworkFault::Kind::Late:
      case NetworkFault::Kind::LateAnswer:
      case NetworkFault::Kind::Duplicate:
      case NetworkFault::Kind::Altered:
        break;
    }
  }
  http::Reply reply;
  const auto route = routes_.find(url.origin);
  if (route != routes_.end()) {
    request.headers.push_back({"Host", url.origin.substr(url.origin.find("://") + 3)});
    request.url = url.target;
    reply = co_await route->second(std::move(request));
  } else {
    std::optional<http::Reply> answer;
    if (fallback_) answer = fallback_(request);
    if (!answer) co_return std::unexpected(refused(url.origin));
    reply = *std::move(answer);
  }
  const bool silent = fault && fault->kind == NetworkFault::Kind::TimeOutAfter;
  if (silent || reply.response.status == 0) co_return std::nullopt;
  const int status = reply.response.status;
  http::Headers headers = reply.response.headers;
  Result<std::string> body = co_await read_body(std::move(reply));
  if (!body) co_return std::unexpected(std::move(body).error());
  co_return http::Response{
      .status = status, .headers = std::move(headers), .body = *std::move(body)};
}

Task<Result<http::Response>> SimHttpClient::send(http::Request request) {
  const std::chrono::milliseconds deadline = request.deadline;
  const std::size_t bytes_max = request.response_bytes_max;
  auto exchange = std::make_shared<SimNetwork::Exchange>();
  exchange->request = std::move(request);
  auto ticket = std::make_shared<std::uint64_t>(0);
  SimProcess* process = &process_;
  {
    Message message(taps_, exchange);
    network_.start(exchange, [process, ticket] { process->wake(*ticket); });
    co_await process_.park(ticket, deadline);
    message.came();
  }
  if (!exchange->result) {
    co_return fail(ErrorCode::DeadlineExceeded, "no answer in time");
  }
  Result<http::Response> result = *std::move(exchange->result);
  if (result && result->body.size() > bytes_max) {
    co_return fail(ErrorCode::ResourceExhausted, "response body is larger than allowed");
  }
  co_return result;
}

Task<Result<http::StreamingResponse>> SimHttpClient::stream(http::Request /*request*/,
                                                            std::chrono::milliseconds /*idle*/) {
  co_return fail(ErrorCode::Unavailable, "connect: nothing outside streams");
}

}  // namespace clickdeploy::simulation
