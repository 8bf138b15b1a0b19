#include "controller/cli/program.h"

#include "controller/async/block_on.h"
#include "controller/async/task_group.h"
#include "controller/cli/arguments_internal.h"
#include "controller/cli/slow_notice_internal.h"
#include "controller/http/http_client.h"

#include <boost/asio/this_coro.hpp>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::seconds kRequestTimeout{30};

Task<int> run_beside_notice(SlowNotice& notice, Session& session, Command command) {
  Executor executor = co_await boost::asio::this_coro::executor;
  TaskGroup group(executor);
  group.start("slow notice", notice.watch());
  Task<int> started = command(session);
  const int code = co_await std::move(started);
  group.cancel();
  co_await group.join();
  co_return code;
}

}  // namespace

void report(Session& session, const Error& error) {
  std::string message = error.message();
  if (error.code() == ErrorCode::Unavailable && message.starts_with("connect")) {
    message = "the API server " + session.server + " cannot be reached: " + message +
              ". Is clickdeployd running? Another one: --server URL or --context NAME";
  } else if (message.starts_with("the API answered ")) {  // and nothing that explains it
    message += ". Is " + session.server + " an API server of Click Deploy or Kubernetes?";
  } else if (error.code() == ErrorCode::Unauthenticated) {
    message += ". Are the credentials of this context still valid?";
  } else if (error.code() == ErrorCode::DeadlineExceeded) {
    message += "; whether it took effect is not known. More time: --request-timeout=60s";
  }
  session.console.error(message);
}

int run_program(const std::vector<std::string>& arguments, Environment& environment) {
  Console console(environment);
  ParsedArguments parsed = parse_arguments(arguments, console);
  if (!parsed.command) return parsed.exit_code;
  Connection connection;
  if (parsed.needs_server) {
    Result<Connection> found = find_connection(environment, parsed.connection);
    if (!found) {
      console.error(found.error().message());
      return kFailed;
    }
    connection = *std::move(found);
  }
  http::CurlOptions curl;
  curl.tls = connection.tls;
  curl.user_agent = "clickctl/" CLICKDEPLOY_VERSION;
  const std::unique_ptr<http::HttpClient> http = http::make_curl_client(std::move(curl));
  SlowNotice notice(*http, environment.clock, console);
  client::ClientOptions options;
  options.server = connection.server;
  options.field_manager = "clickctl";
  options.bearer_token = connection.token;
  options.deadline = parsed.connection.request_timeout.value_or(kRequestTimeout);
  client::Client client(notice, options);
  Session session{.client = client,
                  .clock = environment.clock,
                  .console = console,
                  .in = environment.in,
                  .server = connection.server,
                  .namespace_name = connection.namespace_name,
                  .namespace_given = !parsed.connection.namespace_name.empty(),
                  .all_namespaces = parsed.connection.all_namespaces,
                  .request_timeout = parsed.connection.request_timeout};
  return block_on(run_beside_notice(notice, session, std::move(parsed.command)));
}

}  // namespace clickdeploy::cli
