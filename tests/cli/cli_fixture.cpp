#include "tests/cli/cli_fixture.h"

#include "controller/async/block_on.h"
#include "controller/async/process.h"
#include "controller/base/text.h"
#include "controller/cli/program.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace clickdeploy::cli {

CliTest::CliTest() {
  store::StoreOptions options;
  options.path = folder_ / "store.db";
  options.writer = writer_.executor();
  auto opened = store::ObjectStore::open(std::move(options), apiserver::ApiServer::read_facts);
  if (!opened) throw std::runtime_error(opened.error().message());
  store_ = std::move(*opened);
  server_ = std::make_unique<apiserver::ApiServer>(*store_, api::builtin_scheme(), clock_, random_,
                                                   apiserver::ApiServerOptions{});
  Result<void> ready = block_on(server_->bootstrap());
  EXPECT_TRUE(ready.has_value());
  background_.start("background", server_->run_background());
  thread_ = std::thread([this] { loop_.run(); });
  auto started = http::HttpServer::start(
      {}, [this](http::Request request) { return server_->handle(std::move(request)); });
  if (!started) throw std::runtime_error(started.error().message());
  http_ = std::move(*started);
  write("config",
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n"
        "  cluster: {server: '" +
            url() +
            "'}\ncontexts:\n- name: c\n  context: {cluster: c, user: u}\n"
            "users:\n- name: u\n  user: {}\n");
  variables_ = {{"HOME", folder_.path()}, {"KUBECONFIG", path("config")}, {"LANG", "C.UTF-8"}};
}

namespace {

Task<void> end_all(TaskGroup& group, EventLoop& loop) {
  group.cancel();
  co_await group.join();
  loop.stop();
}

}  // namespace

CliTest::~CliTest() {
  http_->stop();
  boost::asio::co_spawn(loop_.executor(), end_all(background_, loop_),
                        [](const std::exception_ptr&) {});
  thread_.join();
  block_on(store_->stop());
}

Finished CliTest::clickctl(std::vector<std::string> arguments, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Environment environment{
      .variables = variables_, .in = in, .out = out, .err = err, .clock = clock_};
  const int code = run_program(arguments, environment);
  return {code, out.str(), err.str()};
}

std::string CliTest::good(std::vector<std::string> arguments, const std::string& input) {
  const Finished run = clickctl(arguments, input);
  EXPECT_EQ(run.code, 0) << join(arguments, " ") << "\n" << run.err;
  return run.out;
}

Finished CliTest::kubectl(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {"env", "HOME=" + folder_.path(), "KUBECONFIG=" + path("config"),
                                   "kubectl", "--cache-dir=" + path("cache")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  SystemProcessRunner runner;
  Result<ProcessResult> result = runner.run(argv, std::chrono::seconds(60));
  EXPECT_TRUE(result.has_value()) << join(arguments, " ");
  return result ? Finished{result->exit_code, result->out, result->err} : Finished{255, "", ""};
}

std::string CliTest::write(const std::string& name, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name)) << text;
  return path(name);
}

Json CliTest::send(const std::string& method, const std::string& target, const Json& body) {
  http::Request request;
  request.method = method;
  request.url = target;
  request.headers = {
      {"Accept", "application/json"},
      {"Content-Type", method == "PATCH" ? "application/merge-patch+json" : "application/json"}};
  if (!body.is_null()) request.body = to_json(body);
  http::Reply reply = block_on(server_->handle(std::move(request)));
  const std::string text = reply.shared ? *reply.shared : reply.response.body;
  EXPECT_LT(reply.response.status, 300) << method << " " << target << ": " << text;
  return parse_json(text).value_or(Json());
}

Json CliTest::make(const std::string& collection, const Json& object) {
  Json made = send("POST", collection, object);
  if (!object.contains("status")) return made;
  made.set("status", object["status"]);
  return send("PUT", collection + "/" + object["metadata"]["name"].as_string() + "/status", made);
}

}  // namespace clickdeploy::cli
