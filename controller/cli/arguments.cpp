#include "controller/base/text.h"
#include "controller/cli/arguments_internal.h"
#include "controller/cli/commands_internal.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

std::chrono::seconds seconds_of(const std::string& text) {
  if (text.find_first_not_of("0123456789") == std::string::npos && text.size() < 10) {
    return std::chrono::seconds(std::stoll(text));
  }
  const auto duration = parse_prometheus_duration(text);
  return std::chrono::duration_cast<std::chrono::seconds>(
      duration.value_or(std::chrono::seconds(0)));
}

std::string check_duration(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos &&
                      text.size() < 10;
  return digits || parse_prometheus_duration(text)
             ? ""
             : "\"" + text + "\" is no duration; write 30s or 5m";
}

// All that the command line may set. CLI11 writes into it while it parses.
struct Values {
  GetOptions get;
  ApplyOptions apply;
  ApplyOptions create;
  DeleteOptions remove;
  ObjectArguments describe;
  WaitOptions wait;
  EventsOptions events;
  RolloutOptions rollout;
  OrphansOptions orphans;
  AbandonOptions abandon;
  AlertsOptions alerts;
  std::vector<std::string> why;
  std::vector<std::string> prometheus_config;
  std::string dry_run = "none";
  std::string timeout;
  std::string request_timeout;
  bool client_only = false;
  ConnectionOptions connection;
};

class Parser {
 public:
  Parser() : app_("Click Deploy's command line.", "clickctl") {
    app_.require_subcommand(1);
    app_.add_option("--kubeconfig", values_.connection.kubeconfig,
                    "file with the server and the credentials; default: $KUBECONFIG, then "
                    "~/.kube/config");
    app_.add_option("--context", values_.connection.context, "context of the kubeconfig");
    app_.add_option("-n,--namespace", values_.connection.namespace_name, "namespace");
    app_.add_flag("-A,--all-namespaces", values_.connection.all_namespaces, "in every namespace");
    app_.add_option("--server", values_.connection.server, "URL of the API server");
    app_.add_option("--request-timeout", values_.request_timeout,
                    "time for one request, such as 30s; a watch ends after it")
        ->check(check_duration);
    add_reading();
    add_writing();
    add_rollout();
    add_clearing();
    add_explaining();
  }

  ParsedArguments parse(std::vector<std::string> arguments, Console& console) {
    ParsedArguments parsed;
    try {
      std::ranges::reverse(arguments);  // CLI11 takes them from the back
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      const bool asked_for_help = error.get_exit_code() == 0;
      std::ostringstream message;
      app_.exit(error, message, message);
      if (asked_for_help) {
        console.out() << message.str();
        return parsed;
      }
      console.error(std::string(error.what()) + ". See \"clickctl" + name_of_command() +
                    " --help\"");
      parsed.exit_code = kWrongUsage;
      return parsed;
    }
    finish_values();
    parsed.command = std::move(command_);
    parsed.needs_server = needs_server_;
    parsed.connection = values_.connection;
    return parsed;
  }

 private:
  CLI::App* add(const std::string& name, const std::string& about, Command command) {
    CLI::App* sub = app_.add_subcommand(name, about);
    sub->fallthrough();  // -n and its like may follow the command's name
    sub->callback([this, command] { command_ = command; });
    return sub;
  }

  static CLI::Option* add_objects(CLI::App* sub, ObjectArguments& objects) {
    sub->add_option("-l,--selector", objects.selector, "objects with these labels, as tier=front");
    return sub->add_option("objects", objects.words, "KIND NAME…, KIND/NAME…, or KIND,KIND");
  }
  static void add_files(CLI::App* sub, FileArguments& files) {
    sub->add_option("-f,--filename", files.files, "file or folder, repeatable; - is standard input")
        ->allow_extra_args(false);
    sub->add_flag("-R,--recursive", files.recursive, "folders with what is below them");
  }

  void add_reading() {
    CLI::App* get =
        add("get", "List objects", [this](Session& s) { return run_get(s, values_.get); });
    add_objects(get, values_.get.objects)->required();
    get->add_option("-o,--output", values_.get.output,
                    "wide, yaml, json, name or jsonpath=TEMPLATE");
    get->add_option("--field-selector", values_.get.field_selector, "such as metadata.name=web");
    get->add_flag("-w,--watch", values_.get.watch, "go on with each change");
    get->add_flag("--show-labels", values_.get.show_labels, "with a column of labels");
    get->add_flag("--no-headers", values_.get.no_headers, "without the line of column names");

    CLI::App* describe = add("describe", "Show objects at length, with their events",
                             [this](Session& s) { return run_describe(s, values_.describe); });
    add_objects(describe, values_.describe)->required();

    CLI::App* events =
        add("events", "List events", [this](Session& s) { return run_events(s, values_.events); });
    events->add_option("--for", values_.events.about, "of one object: KIND/NAME");
    events->add_flag("-w,--watch", values_.events.watch, "go on with each event");

    CLI::App* wait = add("wait", "Wait until something holds",
                         [this](Session& s) { return run_wait(s, values_.wait); });
    add_objects(wait, values_.wait.objects)->required();
    wait->add_flag("--all", values_.wait.objects.all, "every object of the kind");
    wait->add_option("--for", values_.wait.condition,
                     "condition=TYPE[=STATUS], delete, or jsonpath={PATH}[=VALUE]")
        ->required();
    wait->add_option("--timeout", values_.timeout, "default 30s; 0 waits without end")
        ->check(check_duration);
  }

  void add_writing() {
    CLI::App* apply = add("apply", "Make objects be as the files say",
                          [this](Session& s) { return run_apply(s, values_.apply); });
    add_files(apply, values_.apply.files);
    CLI::App* create = add("create", "Create the objects of files",
                           [this](Session& s) { return run_create(s, values_.create); });
    add_files(create, values_.create.files);
    for (CLI::App* sub : {apply, create}) {
      sub->get_option("--filename")->required();
      sub->add_option("--dry-run", values_.dry_run, "none, client or server: change nothing")
          ->check(CLI::IsMember({"none", "client", "server"}));
    }

    CLI::App* remove = add("delete", "Delete objects and wait until they are gone",
                           [this](Session& s) { return run_delete(s, values_.remove); });
    add_objects(remove, values_.remove.objects);
    add_files(remove, values_.remove.files);
    remove->add_flag("--all", values_.remove.objects.all, "every object of the kind");
    remove->add_flag("--ignore-not-found", values_.remove.ignore_not_found,
                     "what is gone already is no error");
    remove->add_flag("--wait", values_.remove.wait, "wait until they are gone (default)");
    remove->add_option("--timeout", values_.timeout, "stop waiting after this")
        ->check(check_duration);
    remove->add_option("--cascade", values_.remove.cascade, "background, foreground or orphan")
        ->check(CLI::IsMember({"background", "foreground", "orphan"}));
  }

  CLI::App* add_rollout_action(CLI::App* rollout, const std::string& name, const std::string& about,
                               RolloutAction action) {
    CLI::App* sub = rollout->add_subcommand(name, about);
    sub->fallthrough();
    sub->callback([this, action] {
      values_.rollout.action = action;
      command_ = [this](Session& s) { return run_rollout(s, values_.rollout); };
    });
    add_objects(sub, values_.rollout.objects)->required();
    return sub;
  }

  void add_rollout() {
    CLI::App* rollout =
        app_.add_subcommand("rollout", "Watch, stop, repeat and take back changes of a template");
    rollout->fallthrough();
    rollout->require_subcommand(1);
    CLI::App* status = add_rollout_action(
        rollout, "status", "Show how far a rollout is, until it has ended", RolloutAction::Status);
    status->add_flag("-w,--watch", values_.rollout.watch, "until it has ended (default)");
    status->add_option("--revision", values_.rollout.revision, "fail if it is another one");
    status->add_option("--timeout", values_.timeout, "stop waiting after this")
        ->check(check_duration);
    add_rollout_action(rollout, "history", "List the templates that a service had",
                       RolloutAction::History)
        ->add_option("--revision", values_.rollout.revision, "show this one");
    add_rollout_action(rollout, "undo", "Go back to an earlier template", RolloutAction::Undo)
        ->add_option("--to-revision", values_.rollout.revision, "which; default: the one before");
    add_rollout_action(rollout, "pause", "Replace no more servers", RolloutAction::Pause);
    add_rollout_action(rollout, "resume", "Go on with a paused rollout", RolloutAction::Resume);
    add_rollout_action(rollout, "restart", "Replace every server", RolloutAction::Restart);
  }

  void add_clearing() {
    CLI::App* orphans = add("orphans", "List what carries our mark in clouds and has no owner",
                            [this](Session& s) { return run_orphans(s, values_.orphans); });
    orphans->add_flag("--delete", values_.orphans.remove, "delete it, after a question");
    orphans->add_flag("-y,--yes", values_.orphans.yes, "without the question");
    orphans->add_option("--timeout", values_.timeout, "stop waiting after this; default 5m")
        ->check(check_duration);
    CLI::App* abandon =
        add("abandon", "Let objects go whose cloud is gone for good, and list what they leave",
            [this](Session& s) { return run_abandon(s, values_.abandon); });
    abandon
        ->add_option("object", values_.abandon.words, "cloud/NAME, service/NAME or instance/NAME")
        ->required();
    abandon->add_flag("-y,--yes", values_.abandon.yes, "without the question");
    abandon->add_flag("--force", values_.abandon.force, "though the cloud can be used");
  }

  void add_explaining() {
    CLI::App* why = add("why", "Show the chain from spec to scraped sample, and where it is broken",
                        [this](Session& s) { return run_why(s, values_.why); });
    why->add_option("objects", values_.why, "KIND/NAME, such as service/web or rule/HighCPU")
        ->required();
    CLI::App* alerts = add("alerts", "List the alerts of services that fire or are pending",
                           [this](Session& s) { return run_alerts(s, values_.alerts); });
    alerts->add_option("services", values_.alerts.services, "NAME or service/NAME; default: all");
    alerts->add_option("-o,--output", values_.alerts.output, "json or yaml");
    CLI::App* config =
        add("prometheus-config", "Print the prometheus.yml that fits a backend",
            [this](Session& s) { return run_prometheus_config(s, values_.prometheus_config); });
    config->add_option("backend", values_.prometheus_config, "metricsbackend/NAME")->required();
    CLI::App* alertmanager =
        add("alertmanager-config", "Print what alertmanager.yml needs to hold back our own alerts",
            run_alertmanager_config);
    alertmanager->parse_complete_callback([this] { needs_server_ = false; });
    CLI::App* resources = add("api-resources", "List the kinds", run_api_resources);
    resources->parse_complete_callback([this] { needs_server_ = false; });
    CLI::App* version = add("version", "Print the versions", [this](Session& s) {
      return run_version(s, values_.client_only ? VersionOf::Client : VersionOf::Both);
    });
    version->add_flag("--client", values_.client_only, "only this program's");
  }

  void finish_values() {
    if (values_.client_only) needs_server_ = false;
    if (!values_.timeout.empty()) {
      values_.wait.timeout = values_.remove.timeout = values_.rollout.timeout =
          values_.orphans.timeout = seconds_of(values_.timeout);
    }
    const std::chrono::seconds timeout = values_.request_timeout.empty()
                                             ? std::chrono::seconds(0)
                                             : seconds_of(values_.request_timeout);
    if (timeout.count() > 0) values_.connection.request_timeout = timeout;
    if (values_.dry_run == "client") values_.apply.dry_run = DryRun::Client;
    if (values_.dry_run == "server") values_.apply.dry_run = DryRun::Server;
    values_.create.dry_run = values_.apply.dry_run;
  }

  std::string name_of_command() const {
    const std::vector<CLI::App*> chosen = app_.get_subcommands();
    return chosen.empty() ? "" : " " + chosen.front()->get_name();
  }

  Values values_;
  Command command_;
  bool needs_server_ = true;
  CLI::App app_;
};

}  // namespace

ParsedArguments parse_arguments(const std::vector<std::string>& arguments, Console& console) {
  // The command refers to the parser's values, so it carries the parser along.
  auto parser = std::make_shared<Parser>();
  ParsedArguments parsed = parser->parse(arguments, console);
  if (parsed.command) {
    parsed.command = [parser, command = std::move(parsed.command)](Session& session) {
      return command(session);
    };
  }
  return parsed;
}

}  // namespace clickdeploy::cli
