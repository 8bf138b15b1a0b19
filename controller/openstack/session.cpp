#include "controller/openstack/session.h"

#include "controller/base/planted.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/keystone_internal.h"
#include "controller/openstack/microversion_internal.h"
#include "controller/openstack/rate_limiter_internal.h"
#include "controller/openstack/retry_after_internal.h"
#include "controller/openstack/single_flight_internal.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace clickdeploy::openstack {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t kAnswerBytesMax = 32 * 1024 * 1024;
constexpr std::size_t kLoginBytesMax = 4 * 1024 * 1024;
constexpr JsonLimits kJsonLimits{.depth_max = 64, .nodes_max = 300'000};
constexpr nanoseconds kMarginMax = seconds(60);

// While a token is near its end but Keystone does not answer, it goes on being used.
constexpr seconds kRenewalPause{5};

// A service that refuses a fresh token will refuse the next one too, and Keystone locks accounts
// that try a wrong password again and again.
constexpr seconds kReloginPause{10};
constexpr seconds kCatalogPause{60};

// An error of what comes before a request: it begins with "connect", because that says to
// certainly_not_done() that nothing was sent. NotFound must not pass: the caller would take it for
// the absence of what it asked about.
Error before_request(const Error& error) {
  const bool outage = error.code() == ErrorCode::Unavailable ||
                      error.code() == ErrorCode::DeadlineExceeded ||
                      error.code() == ErrorCode::NotFound;
  if (!outage) return error;
  if (error.message().starts_with("connect ")) return error;
  return Error(ErrorCode::Unavailable, "connect to the cloud: " + error.message());
}

// Some services repeat what was sent to them in their errors.
std::string without_secret(std::string text, const SecretString& secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret.reveal()); at != std::string::npos;
       at = text.find(secret.reveal(), at + 3)) {
    text.replace(at, secret.reveal().size(), "***");
  }
  return text;
}

Result<ApiResponse> to_api_response(http::Response response) {
  const std::string id = request_id_of(response);
  Json body;
  if (!trim(response.body).empty()) {
    Result<Json> parsed = parse_json(response.body, kJsonLimits);
    if (!parsed) {
      const std::string where = id.empty() ? "" : " (request " + id + ")";
      return fail(ErrorCode::Unavailable, "HTTP " + std::to_string(response.status) +
                                              ": the answer is not usable JSON" + where);
    }
    body = std::move(*parsed);
  }
  return ApiResponse{.status = response.status,
                     .headers = std::move(response.headers),
                     .body = std::move(body),
                     .request_id = id};
}

}  // namespace

// A log-in with its place in our time.
struct HeldLogin {
  Login login;
  SteadyTime renew_at{};
  SteadyTime ends_at{};
};
using LoginPtr = std::shared_ptr<const HeldLogin>;

struct Session::State {
  State(http::HttpClient& http_client, Clock& the_clock, Credentials the_credentials,
        SessionLimits the_limits)
      : http(http_client),
        clock(the_clock),
        credentials(std::move(the_credentials)),
        limits(the_limits),
        limiter(the_clock, the_limits.requests_per_second, the_limits.burst) {}

  http::HttpClient& http;
  Clock& clock;
  const Credentials credentials;
  SessionLimits limits;
  RateLimiter limiter;

  LoginPtr held;
  SteadyTime renewal_not_before{};
  std::optional<Error> login_refusal;  // holds until login_not_before
  SteadyTime login_not_before{};
  SingleFlight logins;

  std::optional<ComputeDialect> dialect;
  std::string dialect_endpoint;
  SingleFlight discoveries;

  SteadyTime relogin_not_before{};
  SteadyTime catalog_trusted_until{};

  // A token that is not the one that was refused.
  Task<Result<LoginPtr>> login(LoginPtr refused);
  Task<Result<LoginPtr>> log_in_now();
  Task<Result<ComputeDialect>> compute_dialect(LoginPtr login);
  Task<Result<ComputeDialect>> discover_dialect(LoginPtr login, std::string endpoint);
  Task<Result<http::Response>> authorized(LoginPtr login, ApiRequest request, std::string verb);
  Task<Result<http::Request>> prepare(LoginPtr login, ApiRequest request);
  Task<Result<http::Response>> exchange(http::Request request, Priority priority, std::string verb,
                                        NotFoundForm form);
  Result<std::string> endpoint_of(const LoginPtr& login, const std::string& service);
  bool is_usable(const LoginPtr& login) const {
    return login && clock.steady_now() < login->ends_at;
  }
  std::optional<LoginPtr> login_at_hand(const LoginPtr& refused) const;
  void note_retry_after(const std::string& verb, const http::Response& response);
  Error redacted(const Error& error) const;
};

std::optional<LoginPtr> Session::State::login_at_hand(const LoginPtr& refused) const {
  if (!is_usable(held) || held == refused) return std::nullopt;
  const SteadyTime now = clock.steady_now();
  if (now < held->renew_at || now < renewal_not_before) return held;
  return std::nullopt;
}

// A catalog comes with its token, which lasts for hours. One that lacks what we need may have been
// read while the cloud was being changed, so it is read again, once a minute.
Result<std::string> Session::State::endpoint_of(const LoginPtr& login, const std::string& service) {
  Result<std::string> found =
      login->login.catalog.endpoint(service, credentials.region, credentials.interface);
  const SteadyTime now = clock.steady_now();
  if (!found && login == held && now >= catalog_trusted_until) {
    catalog_trusted_until = now + kCatalogPause;
    auto renewable = std::make_shared<HeldLogin>(*held);
    renewable->renew_at = now;
    held = std::move(renewable);
  }
  return found;
}

Task<Result<LoginPtr>> Session::State::login(LoginPtr refused) {
  while (true) {
    std::optional<LoginPtr> at_hand = login_at_hand(refused);
    if (at_hand) co_return *at_hand;

    std::shared_ptr<Flight> flight = logins.current();
    if (flight && !planted(Bug::LoginStorm)) {
      co_await wait_for(flight);
      const bool fallback = is_usable(held) && held != refused;
      if (flight->error && !fallback) co_return std::unexpected(*flight->error);
      continue;
    }

    if (login_refusal && clock.steady_now() < login_not_before) {
      if (is_usable(held) && held != refused) co_return held;
      co_return std::unexpected(*login_refusal);
    }
    FlightLeader leader(logins);
    Result<LoginPtr> fresh = co_await log_in_now();
    if (fresh) {
      held = *fresh;
      login_refusal.reset();
      co_return held;
    }
    if (fresh.error().code() == ErrorCode::Unauthenticated) {
      login_refusal = fresh.error();
      login_not_before = clock.steady_now() + kReloginPause;
    }
    if (is_usable(held) && held != refused) {
      renewal_not_before = clock.steady_now() + kRenewalPause;
      co_return held;
    }
    leader.fail(fresh.error());
    co_return fresh;
  }
}

Task<Result<LoginPtr>> Session::State::log_in_now() {
  http::Request request;
  request.method = "POST";
  request.url = tokens_url(credentials.auth_url);
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = to_json(login_body(credentials));
  request.response_bytes_max = kLoginBytesMax;
  const SteadyTime asked_at = clock.steady_now();
  Result<http::Response> response =
      co_await exchange(std::move(request), Priority::Urgent, "POST identity", NotFoundForm::Any);
  if (!response) {
    const bool told = planted(Bug::SecretInError);
    const std::string what = told ? "log in with " + to_json(login_body(credentials)) : "log in";
    const Error error = redacted(response.error()).with_context(what);
    co_return std::unexpected(before_request(error));
  }
  Result<Login> login = parse_login(*response, credentials, clock.wall_now());
  if (!login) co_return std::unexpected(before_request(login.error().with_context("log in")));

  auto fresh = std::make_shared<HeldLogin>();
  fresh->login = std::move(*login);
  const nanoseconds life = fresh->login.life;
  fresh->ends_at = asked_at + life;
  fresh->renew_at = fresh->ends_at - std::min<nanoseconds>(kMarginMax, life / 10);
  co_return LoginPtr(std::move(fresh));
}

Task<Result<ComputeDialect>> Session::State::compute_dialect(LoginPtr login) {
  Result<std::string> endpoint = endpoint_of(login, "compute");
  if (!endpoint) co_return std::unexpected(before_request(endpoint.error()));
  while (true) {
    if (dialect && dialect_endpoint == *endpoint) co_return *dialect;
    std::shared_ptr<Flight> flight = discoveries.current();
    if (!flight) break;
    co_await wait_for(flight);
    if (flight->error) co_return std::unexpected(*flight->error);
  }
  FlightLeader leader(discoveries);
  Result<ComputeDialect> found = co_await discover_dialect(login, *endpoint);
  if (!found) {
    leader.fail(found.error());
    co_return found;
  }
  dialect = *found;
  dialect_endpoint = *endpoint;
  co_return found;
}

Task<Result<ComputeDialect>> Session::State::discover_dialect(LoginPtr login,
                                                              std::string endpoint) {
  http::Request request;
  request.url = version_document_url(endpoint);
  request.headers = {{"X-Auth-Token", login->login.token.reveal()}, {"Accept", "application/json"}};
  request.response_bytes_max = kLoginBytesMax;
  Result<http::Response> response =
      co_await exchange(std::move(request), Priority::Normal, "GET compute", NotFoundForm::Any);
  if (!response) {
    const Error error = response.error().with_context("ask for compute versions");
    co_return std::unexpected(before_request(error));
  }
  Result<Json> document = parse_json(response->body, kJsonLimits);
  if (!document) {
    co_return fail(ErrorCode::Unavailable,
                   "connect to the cloud: the compute version document is not JSON");
  }
  Result<ComputeDialect> found = choose_dialect(endpoint, *document);
  if (!found) co_return std::unexpected(before_request(found.error()));
  co_return found;
}

Task<Result<http::Response>> Session::State::authorized(LoginPtr login, ApiRequest request,
                                                        std::string verb) {
  const Priority priority = request.priority;
  const NotFoundForm form = request.service == "image" ? NotFoundForm::Any : NotFoundForm::Json;
  Result<http::Request> prepared = co_await prepare(login, std::move(request));
  if (!prepared) co_return std::unexpected(std::move(prepared).error());
  Result<http::Response> response =
      co_await exchange(std::move(*prepared), priority, std::move(verb), form);
  co_return response;
}

Task<Result<http::Request>> Session::State::prepare(LoginPtr login, ApiRequest request) {
  http::Request out;
  out.method = request.method;
  out.headers = {{"X-Auth-Token", login->login.token.reveal()}, {"Accept", "application/json"}};
  if (request.service == "compute") {
    Result<ComputeDialect> found = co_await compute_dialect(login);
    if (!found) co_return std::unexpected(std::move(found).error());
    out.url = found->base;
    out.headers.push_back({"OpenStack-API-Version", "compute " + found->microversion});
  } else {
    Result<std::string> base = endpoint_of(login, request.service);
    if (!base) co_return std::unexpected(before_request(base.error()));
    out.url = *base;
  }
  out.url += request.path;
  if (!request.body.is_null()) {
    out.body = to_json(request.body);
    out.headers.push_back({"Content-Type", "application/json"});
  }
  out.response_bytes_max = kAnswerBytesMax;
  co_return out;
}

// One request through the limiter; an answer of 300 or more is an Error. 300 itself is how Nova
// answers with a list of versions.
Task<Result<http::Response>> Session::State::exchange(http::Request request, Priority priority,
                                                      std::string verb, NotFoundForm form) {
  Result<void> turn = co_await limiter.acquire(priority, verb, limits.deadline);
  if (!turn) co_return std::unexpected(std::move(turn).error());
  request.deadline = limits.deadline;
  Result<http::Response> response = co_await http.send(std::move(request));
  if (!response) co_return std::unexpected(error_from_transport(response.error()));
  note_retry_after(verb, *response);
  const bool good = response->status >= 200 && response->status <= 300;
  if (!good) co_return std::unexpected(error_from_response(*response, form));
  co_return response;
}

void Session::State::note_retry_after(const std::string& verb, const http::Response& response) {
  if (response.status != 413 && response.status != 429 && response.status != 503) return;
  const std::string* text = http::find_header(response.headers, "Retry-After");
  if (!text || planted(Bug::RetryAfterIgnored)) return;
  const std::optional<seconds> pause = parse_retry_after(*text, clock.wall_now());
  if (pause) limiter.block(verb, clock.steady_now() + *pause);
}

Error Session::State::redacted(const Error& error) const {
  std::string message = without_secret(error.message(), credentials.password);
  message = without_secret(std::move(message), credentials.application_credential_secret);
  return Error(error.code(), std::move(message));
}

Session::Session(http::HttpClient& http, Clock& clock, Credentials credentials,
                 SessionLimits limits)
    : state_(std::make_unique<State>(http, clock, std::move(credentials), limits)) {}

Session::~Session() = default;

void Session::set_limits(SessionLimits limits) {
  state_->limits = limits;
  state_->limiter.set_rate(limits.requests_per_second, limits.burst);
}

Task<Result<Identity>> Session::identity() {
  Result<LoginPtr> login = co_await state_->login(nullptr);
  if (!login) co_return std::unexpected(std::move(login).error());
  co_return (*login)->login.identity;
}

Task<Result<std::string>> Session::endpoint(std::string service) {
  Result<LoginPtr> login = co_await state_->login(nullptr);
  if (!login) co_return std::unexpected(std::move(login).error());
  co_return state_->endpoint_of(*login, service);
}

Task<Result<bool>> Session::offers(std::string service) {
  Result<LoginPtr> login = co_await state_->login(nullptr);
  if (!login) co_return std::unexpected(std::move(login).error());
  const Credentials& used = state_->credentials;
  co_return (*login)->login.catalog.endpoint(service, used.region, used.interface).has_value();
}

Task<Result<ApiResponse>> Session::request(ApiRequest request) {
  const std::string verb = request.method + " " + request.service;
  LoginPtr refused;
  while (true) {
    Result<LoginPtr> login = co_await state_->login(refused);
    if (!login) co_return std::unexpected(std::move(login).error());
    Result<http::Response> response = co_await state_->authorized(*login, request, verb);
    const bool unauthenticated = !response && response.error().code() == ErrorCode::Unauthenticated;
    const SteadyTime now = state_->clock.steady_now();
    const bool renews = !refused && now >= state_->relogin_not_before;
    if (unauthenticated && renews && !planted(Bug::TokenNotRenewed)) {
      refused = *login;
      continue;
    }
    // Only from the last log-in on: calls that come in the pause would prolong it for ever.
    if (unauthenticated && refused) state_->relogin_not_before = now + kReloginPause;
    if (!response) co_return std::unexpected(std::move(response).error());
    co_return to_api_response(std::move(*response));
  }
}

}  // namespace clickdeploy::openstack
