#include "controller/reconcilers/instance/instance_status.h"

#include "controller/base/planted.h"
#include "controller/reconcilers/instance/agent_drift.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::Condition;
using api::ConditionStatus;
using api::v1alpha1::AgentStatus;
using api::v1alpha1::InstanceStatus;
using std::chrono::seconds;

namespace {

constexpr seconds kRefresh{60};
// Health for this long forgets earlier repairs.
constexpr seconds kForgetRetries{600};

class Reporter {
 public:
  Reporter(const Instance& instance, const InstanceObserved& observed, const Rest& rest)
      : instance_(instance), observed_(observed), rest_(rest), status_(instance.status) {}

  InstanceStatus report() {
    now_ = format_time(observed_.now);
    status_.observed_generation = instance_.metadata.generation;
    status_.last_sync_time = now_;
    const bool trusted = observed_.cloud == InstanceObserved::Cloud::Trusted;
    if (trusted) report_server();
    if (!trusted && planted(Bug::TargetsGoneInOutage)) status_.address.clear();
    report_agents();
    if (observed_.alerts) status_.alerts = *observed_.alerts;
    report_health();
    report_conditions();
    status_.phase = phase();
    return std::move(status_);
  }

 private:
  void report_server() {
    if (!observed_.server) {
      // Of one that nobody has seen yet that is not known: it may not show itself in its first
      // seconds, and its deletion tells it from one that is gone by the state that it has not.
      const bool seen = !status_.server.state.empty();
      if (observed_.server_gone == true && seen) status_.server.state = "DELETED";
      return;
    }
    const openstack::Server& server = *observed_.server;
    status_.server.state = server.status;
    status_.server.task = server.task_state;
    status_.server.fault = server.fault ? server.fault->message : "";
    status_.addresses.clear();
    for (const openstack::Address& address : server.addresses) {
      status_.addresses.push_back({address.type == "floating" ? "ExternalIP" : "InternalIP",
                                   address.address, address.network});
    }
    for (api::v1alpha1::OwnedResource& resource : status_.resources) {
      if (resource.kind == "Server") resource.state = server.status;
    }
    if (server.status == "ACTIVE" && status_.booted_at.empty()) status_.booted_at = now_;
  }

  void report_agents() {
    std::vector<AgentStatus> agents;
    std::size_t up = 0;
    std::string newest;
    bool all_scraped = !observed_.agents.empty();
    for (const AgentObserved& seen : observed_.agents) {
      AgentStatus agent;
      auto old = std::ranges::find(instance_.status.agents, seen.name, &AgentStatus::name);
      if (old != instance_.status.agents.end()) agent = *old;
      agent.name = seen.name;
      agent.address = seen.address;
      if (seen.probe == AgentObserved::Probe::Answers) agent.version = seen.version;
      agent.installed_version = installed_version(instance_, seen);
      if (!seen.reported_uid.empty()) agent.reported_id = seen.reported_uid;
      if (!seen.last_scrape.empty()) agent.last_scrape = seen.last_scrape;
      agent.state = agent_state(seen, agent.state);
      if (agent.state == "Up") ++up;
      if (seen.target == TargetView::Up) {
        newest = newest.empty() ? seen.last_scrape : std::min(newest, seen.last_scrape);
      } else {
        all_scraped = false;
      }
      agents.push_back(std::move(agent));
    }
    status_.agents_summary = std::to_string(up) + "/" + std::to_string(agents.size());
    if (all_scraped) status_.scraped = newest;  // the oldest of the last samples
    const bool answered =
        std::ranges::all_of(agents, [](const AgentStatus& agent) { return agent.state == "Up"; });
    status_.agents = with_unwanted(std::move(agents));
    if (status_.booted_at.empty()) {
      status_.bootstrap = {};
    } else if (status_.bootstrap.state != "Succeeded") {
      const seconds waited = age_of(status_.booted_at, observed_);
      if (answered && observed_.server && observed_.server->status == "ACTIVE") {
        status_.bootstrap = {"Succeeded", waited.count(), ""};
      } else {
        const bool late = waited.count() > instance_.spec.remediation.startup_timeout_seconds;
        const std::string failed = failed_step();
        status_.bootstrap = {!failed.empty() ? "Failed" : late ? "TimedOut" : "Pending", 0, failed};
      }
    }
  }

  // Of an agent that no policy wants any more it stays known what was installed: a policy may want
  // it again, and its version may have changed by then.
  std::vector<AgentStatus> with_unwanted(std::vector<AgentStatus> agents) const {
    for (const AgentStatus& old : instance_.status.agents) {
      const bool wanted = std::ranges::count(agents, old.name, &AgentStatus::name) > 0;
      const bool installed =
          std::ranges::count(instance_.spec.agents, old.name, &api::v1alpha1::AgentSpec::name) > 0;
      if (wanted || !installed || old.installed_version.empty()) continue;
      agents.push_back({.name = old.name, .installed_version = old.installed_version});
    }
    return agents;
  }

  // Of the first boot; what was told once stays true.
  std::string failed_step() const {
    for (const AgentObserved& seen : observed_.agents) {
      if (!seen.failed_step.empty()) return seen.failed_step;
    }
    if (!observed_.console_failed_step.empty()) return observed_.console_failed_step;
    return status_.bootstrap.step;
  }

  static std::string agent_state(const AgentObserved& seen, const std::string& before) {
    if (seen.probe == AgentObserved::Probe::OtherIdentity) return "IdentityMismatch";
    if (seen.target == TargetView::Up || seen.probe == AgentObserved::Probe::Answers) return "Up";
    if (seen.target == TargetView::Unknown && seen.probe == AgentObserved::Probe::NotAsked) {
      return before.empty() ? "Pending" : before;  // nobody could look
    }
    const bool unusable =
        seen.probe == AgentObserved::Probe::Silent || seen.probe == AgentObserved::Probe::Refuses;
    if (seen.target == TargetView::Down || unusable) {
      return before == "Up" || before == "Down" ? "Down" : "Pending";
    }
    return "Pending";
  }

  void report_health() {
    api::v1alpha1::InstanceRemediation& record = status_.remediation;
    unhealthy_ = unhealthy_reason(instance_, observed_);
    if (unhealthy_) {
      if (record.unhealthy_since.empty()) record.unhealthy_since = now_;
      record.last_reason = *unhealthy_;
      return;
    }
    if (observed_.cloud != InstanceObserved::Cloud::Trusted) return;
    if (record.step.empty()) record.unhealthy_since.clear();
    const Condition* ready = api::find_condition(instance_.status.conditions, "Ready");
    if (ready != nullptr && ready->status == ConditionStatus::True &&
        age_of(ready->last_transition_time, observed_) > kForgetRetries) {
      record = {};
    }
  }

  void set(std::string_view type, ConditionStatus value, std::string_view reason,
           std::string message) {
    Condition condition;
    condition.type = type;
    condition.status = value;
    condition.reason = reason;
    condition.message = std::move(message);
    condition.observed_generation = instance_.metadata.generation;
    api::set_condition(status_.conditions, std::move(condition), now_);
  }
  void set_bool(std::string_view type, bool value, std::string message_true,
                std::string message_false) {
    set(type, value ? ConditionStatus::True : ConditionStatus::False,
        value ? api::kSucceeded : api::kProgressing,
        value ? std::move(message_true) : std::move(message_false));
  }

  bool nobody_can_see_cloud() const {
    return observed_.cloud == InstanceObserved::Cloud::Untrusted && !status_.claim.token.empty();
  }

  // A machine that does not answer over SSH: what it is, nobody knows.
  bool is_unreachable() const {
    return instance_.spec.server.is_machine() && status_.server.state == "UNKNOWN";
  }

  void report_conditions() {
    report_infrastructure();
    const std::string& bootstrap = status_.bootstrap.state;
    if (bootstrap == "Failed") {
      set("BootstrapSucceeded", ConditionStatus::False, api::kFailed,
          "step " + status_.bootstrap.step +
              (instance_.spec.server.is_machine()
                   ? " failed; see /var/lib/click-deploy/machine/install.log on the machine"
                   : " failed at the first boot; see /var/log/cloud-init-output.log on the "
                     "server, or its console log"));
    } else if (bootstrap == "TimedOut") {
      set("BootstrapSucceeded", ConditionStatus::False, api::kFailed,
          "agents did not answer within " +
              std::to_string(instance_.spec.remediation.startup_timeout_seconds) +
              (instance_.spec.server.is_machine()
                   ? " s of their installation; see /var/lib/click-deploy/machine/install.log on "
                     "the machine"
                   : " s of the first boot; see the server's console log"));
    } else {
      set_bool("BootstrapSucceeded", bootstrap == "Succeeded",
               "every agent answered " + std::to_string(status_.bootstrap.duration_seconds) +
                   " s after the first boot",
               bootstrap.empty() ? "the server has not booted yet"
               : instance_.spec.server.is_machine()
                   ? "waiting until the agents are installed and answer"
                   : "waiting for cloud-init to install the agents");
    }
    report_scraping();
    report_agent_drift();
    report_drift();
    report_summary();
  }

  // What was not compared this time is as it was.
  void report_agent_drift() {
    if (observed_.agents.empty()) {
      set(kAgentsUpToDate, ConditionStatus::Unknown, "NoAgents",
          "no MonitoringPolicy gives this Instance an agent");
    } else if (observed_.agent_drift) {
      const Condition found = agent_drift_condition(*observed_.agent_drift, instance_, observed_);
      set(found.type, found.status, found.reason, found.message);
    } else if (status_.server.id.empty() ||
               api::find_condition(status_.conditions, kAgentsUpToDate) == nullptr) {
      set(kAgentsUpToDate, ConditionStatus::Unknown, api::kProgressing,
          "what the agents are is known once they have all answered");
    }
  }

  // Likewise.
  void report_drift() {
    if (nobody_can_see_cloud()) {
      set("UpToDate", ConditionStatus::Unknown, api::kObservationFailed, observed_.cloud_message);
    } else if (status_.claim.state != "Confirmed") {
      set("UpToDate", ConditionStatus::False, api::kProgressing, "there is no server yet");
    } else if (observed_.drift) {
      const Condition found = drift_condition(*observed_.drift, observed_.drift_failure);
      set(found.type, found.status, found.reason, found.message);
    }
  }

  void report_infrastructure() {
    const std::string& state = status_.server.state;
    if (nobody_can_see_cloud()) {
      set("InfrastructureReady", ConditionStatus::Unknown, api::kObservationFailed,
          observed_.cloud_message);
      return;
    }
    if (state == "ACTIVE" && status_.claim.state == "Confirmed") {
      set("InfrastructureReady", ConditionStatus::True, api::kSucceeded,
          "server " + status_.server.id + " is ACTIVE at " + status_.address);
      return;
    }
    if (is_unreachable()) {
      set("InfrastructureReady", ConditionStatus::Unknown, api::kObservationFailed,
          "the machine cannot be asked: " + status_.server.fault);
      return;
    }
    if (is_stopped(state)) {
      set("InfrastructureReady", ConditionStatus::False, "Stopped",
          "the server is " + state +
              "; somebody stopped it, so it is left as it is. Start it to "
              "go on");
      return;
    }
    const bool quiet = rest_.reason.empty();
    set("InfrastructureReady", ConditionStatus::False,
        quiet ? api::kProgressing : std::string_view(rest_.reason),
        !rest_.message.empty() ? rest_.message
                               : (state.empty() ? "no server yet" : "the server is " + state));
  }

  void report_scraping() {
    if (observed_.agents.empty()) {
      for (const char* type : {"AgentsHealthy", "TargetPublished", "TargetScraped"}) {
        set(type, ConditionStatus::False, "NoAgents",
            "no MonitoringPolicy gives this Instance an agent");
      }
      return;
    }
    bool unknown = false;
    bool published = true;
    bool scraped = true;
    bool healthy = true;
    std::string refusal;
    std::string problem;
    std::string scrape_problem;
    for (std::size_t i = 0; i < observed_.agents.size(); ++i) {
      const AgentObserved& seen = observed_.agents[i];
      unknown = unknown || seen.target == TargetView::Unknown;
      published = published && seen.target != TargetView::NotPublished &&
                  seen.target != TargetView::NotKnown && seen.target != TargetView::Unknown;
      scraped = scraped && seen.target == TargetView::Up;
      if (!seen.refusal.empty()) refusal = seen.refusal;
      const std::string& state = status_.agents[i].state;
      if (state != "Up") {
        healthy = false;
        problem = "agent " + seen.name + (seen.address.empty() ? "" : " at " + seen.address) +
                  " is " + state + (seen.probe_error.empty() ? "" : ": " + seen.probe_error);
      }
      if (seen.target != TargetView::Up && !seen.scrape_error.empty()) {
        scrape_problem = ": " + seen.scrape_error;
      }
    }
    set("AgentsHealthy", healthy ? ConditionStatus::True : ConditionStatus::False,
        healthy ? api::kSucceeded : api::kProgressing,
        healthy ? status_.agents_summary + " agents answer as this Instance" : problem);
    if (unknown) {
      for (const char* type : {"TargetPublished", "TargetScraped"}) {
        set(type, ConditionStatus::Unknown, api::kObservationFailed,
            "Prometheus could not be observed" + scrape_problem);
      }
      return;
    }
    if (!refusal.empty()) {
      for (const char* type : {"TargetPublished", "TargetScraped"}) {
        set(type, ConditionStatus::False, api::kBlocked, refusal);
      }
      return;
    }
    set_bool("TargetPublished", published, "Prometheus lists every target of this Instance",
             scrape_problem.empty()
                 ? "waiting until Prometheus lists every target of this Instance"
                 : "Prometheus does not list every target of this Instance" + scrape_problem);
    set_bool("TargetScraped", scraped, "the last sample is from " + status_.scraped,
             "Prometheus has no successful scrape" + scrape_problem);
  }

  void report_summary() {
    const bool monitored =
        observed_.agents.empty() || (api::is_true(status_.conditions, "AgentsHealthy") &&
                                     api::is_true(status_.conditions, "TargetScraped"));
    const bool ready =
        api::is_true(status_.conditions, "InfrastructureReady") && monitored && !unhealthy_;
    const std::string first_problem = first_false();
    // Nothing is known to be wrong, and something could not be observed.
    const bool unseen = api::is_true(status_.conditions, "InfrastructureReady") && !unhealthy_ &&
                        api::is_true(status_.conditions, "AgentsHealthy") &&
                        api::find_condition(status_.conditions, "TargetScraped")->status ==
                            ConditionStatus::Unknown;
    if (nobody_can_see_cloud()) {
      set("Ready", ConditionStatus::Unknown, api::kObservationFailed, observed_.cloud_message);
    } else if (unseen || is_unreachable()) {
      set("Ready", ConditionStatus::Unknown, api::kObservationFailed, first_problem);
    } else {
      set_bool("Ready", ready, "the server is up and its agents are scraped", first_problem);
    }
    const bool stopped = rest_.reason == api::kFailed || rest_.reason == api::kBlocked ||
                         rest_.reason == api::kPaused || rest_.reason == api::kInvalidConfiguration;
    if (rest_.reason.empty() && ready) {
      set("Progressing", ConditionStatus::True, api::kSucceeded, "nothing left to do");
    } else {
      set("Progressing", stopped ? ConditionStatus::False : ConditionStatus::True,
          rest_.reason.empty() ? api::kProgressing : std::string_view(rest_.reason),
          rest_.message.empty() ? first_problem : rest_.message);
    }
  }

  std::string first_false() const {
    for (const char* type : {"InfrastructureReady", "BootstrapSucceeded", "AgentsHealthy",
                             "TargetPublished", "TargetScraped"}) {
      const Condition* condition = api::find_condition(status_.conditions, type);
      if (condition != nullptr && condition->status != ConditionStatus::True &&
          condition->reason != "NoAgents") {
        return condition->message;
      }
    }
    return unhealthy_ ? *unhealthy_ : "";
  }

  std::string phase() const {
    if (instance_.metadata.is_deleting()) return "Deleting";
    if (!status_.remediation.step.empty()) return "Repairing";
    if (rest_.reason == api::kFailed || rest_.reason == api::kInvalidConfiguration) return "Failed";
    if (status_.claim.token.empty()) return "Pending";
    if (status_.claim.state != "Confirmed") return "Creating";
    if (unhealthy_) return "Unhealthy";
    const std::string& state = status_.server.state;
    if (is_stopped(state)) return "Stopped";
    if (state == "BUILD" || state.empty()) return "Creating";
    if (status_.bootstrap.state != "Succeeded" && !observed_.agents.empty()) return "Booting";
    return "Running";
  }

  const Instance& instance_;
  const InstanceObserved& observed_;
  const Rest& rest_;
  InstanceStatus status_;
  std::string now_;
  std::optional<std::string> unhealthy_;
};

// Without what moves by itself.
InstanceStatus still_parts(InstanceStatus status) {
  status.last_sync_time.clear();
  status.scraped.clear();
  for (AgentStatus& agent : status.agents) agent.last_scrape.clear();
  for (Condition& condition : status.conditions) {
    if (condition.type == "TargetScraped" && condition.status == ConditionStatus::True) {
      condition.message.clear();
    }
  }
  return status;
}

}  // namespace

InstanceStatus report_instance(const Instance& instance, const InstanceObserved& observed,
                               const Rest& rest) {
  return Reporter(instance, observed, rest).report();
}

bool is_worth_writing(const InstanceStatus& before, const InstanceStatus& next, WallTime now) {
  if (still_parts(before) != still_parts(next)) return true;
  if (before == next) return false;
  const std::optional<WallTime> written = parse_time(before.last_sync_time);
  return !written || now - *written >= kRefresh;
}

}  // namespace clickdeploy::reconcilers
