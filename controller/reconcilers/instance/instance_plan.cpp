#include "controller/reconcilers/instance/instance_plan.h"

#include "controller/base/backoff.h"
#include "controller/base/planted.h"
#include "controller/openstack/clients.h"
#include "controller/reconcilers/instance/agent_drift.h"
#include "controller/reconcilers/instance/part_plan_internal.h"
#include "controller/reconcilers/instance/repair_plan_internal.h"
#include "controller/reconcilers/instance/server_states.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Claim;
using api::v1alpha1::InstanceStatus;
using openstack::Server;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kSoon{1'000};
constexpr milliseconds kDeletePoll{2'000};
constexpr milliseconds kBuildPoll{2'000};
constexpr milliseconds kCloudWait{5'000};
constexpr milliseconds kHealthy{60'000};
constexpr milliseconds kDrifted{15'000};
// A create that was not answered promptly may have been carried out a second time, up to
// kUncertainWindow later, and lists may show what that made as much later again.
constexpr seconds kShownWindow{2 * kUncertainWindow};
// That a part is being asked for is stored no longer before than that.
constexpr seconds kAskedJustNow{10};

Claim with_state(Claim claim, const char* state, const InstanceObserved& observed) {
  claim.state = state;
  claim.since = format_time(observed.now);
  return claim;
}

bool is_going(const Server& server, const InstanceObserved& observed) {
  return server.task_state == "deleting" || server.status == "DELETED" ||
         std::ranges::find(observed.deleted, server.id) != observed.deleted.end();
}

// The oldest server that is not in ERROR; if all are, the oldest.
const Server* choose_server(const std::vector<Server>& servers) {
  const Server* best = nullptr;
  auto rank = [](const Server& server) {
    return std::make_tuple(server.status == "ERROR", server.created, server.id);
  };
  for (const Server& server : servers) {
    if (best == nullptr || rank(server) < rank(*best)) best = &server;
  }
  return best;
}

bool carries_token(const Server& server, const std::string& token) {
  auto mark = server.metadata.find(std::string(kClaimMetadata));
  return std::ranges::find(server.tags, claim_tag(token)) != server.tags.end() ||
         (mark != server.metadata.end() && mark->second == token);
}

// The recorded server, which no look-up shows. Nullopt when it is gone.
std::optional<InstanceAction> remove_recorded(const Instance& instance,
                                              const InstanceObserved& observed, const char* why) {
  const std::string& id = instance.status.server.id;
  if (id.empty()) return std::nullopt;
  if (!observed.server_gone) return AskById{id};
  if (*observed.server_gone) return std::nullopt;
  const Server& server = *observed.server;
  if (!carries_token(server, instance.status.claim.token)) {
    return Rest{kHealthy, std::string(api::kBlocked),
                "server " + id + " no longer carries our mark (tag " +
                    claim_tag(instance.status.claim.token) +
                    "), so it is not deleted. Delete it, or put the tag back"};
  }
  if (!is_going(server, observed)) return DeleteServer{id, why};
  return Rest{kDeletePoll, std::string(api::kProgressing),
              "server " + id + " is being deleted; waiting until the cloud answers 404"};
}

// How long the outcome of what was asked for has been unknown.
seconds unknown_for(const Instance& instance, const InstanceObserved& observed) {
  const seconds told = age_of(instance.status.claim.since, observed);
  return planted(Bug::WallClockWindow) ? told : std::min(told, observed.claim_seen);
}

// A server that was asked for may still appear after its request was given up, and one that was
// made may be unknown to those who answer for a while: no word about one that nobody has seen yet
// is a word about a server that is gone.
bool is_server_in_doubt(const Instance& instance, const InstanceObserved& observed) {
  const Claim& claim = instance.status.claim;
  const bool unseen = claim.state == "Confirmed" && instance.status.server.state.empty();
  return (claim.state == "Uncertain" || unseen) &&
         unknown_for(instance, observed) < kUncertainWindow;
}

// That a part is asked for is durable before it is.
InstanceAction once_recorded(const Instance& instance, const InstanceObserved& observed,
                             const InstanceAction& next) {
  const Claim& claim = instance.status.claim;
  const bool recorded =
      !claim.parts_asked.empty() && age_of(claim.parts_asked, observed) < kAskedJustNow;
  if (recorded || !std::holds_alternative<CreatePart>(next)) return next;
  Claim asking = claim;
  asking.parts_asked = format_time(observed.now);
  return SaveClaim{asking};
}

// Looks for what the claim may have made and removes it: servers first, then parts.
// Nullopt when nothing is left.
std::optional<InstanceAction> remove_all(const Instance& instance, const InstanceObserved& observed,
                                         Remove which, const char* why) {
  if (!observed.look_up) return LookUpToken{};
  for (const Server& server : observed.look_up->servers) {
    if (is_going(server, observed)) continue;
    return DeleteServer{server.id, why};
  }
  if (!observed.look_up->servers.empty() && !planted(Bug::FinalizerDroppedEarly)) {
    const Server& server = observed.look_up->servers.front();
    return Rest{kDeletePoll, std::string(api::kProgressing),
                "server " + server.id + " is being deleted; waiting until the cloud answers 404"};
  }
  // A list may lag, or somebody may have taken our tag away: the recorded server is asked for by
  // id.
  std::optional<InstanceAction> recorded = remove_recorded(instance, observed, why);
  if (recorded && !planted(Bug::FinalizerDroppedEarly) && !planted(Bug::RecordedNotAsked)) {
    return recorded;
  }
  if (is_in_doubt(instance, observed)) {
    const Claim& claim = instance.status.claim;
    const std::string& asked =
        is_server_in_doubt(instance, observed) ? claim.since : claim.parts_asked;
    return Rest{kDeletePoll, std::string(api::kProgressing),
                "the outcome of the create request of " + asked +
                    " is not known yet; looking for what it made for a minute"};
  }
  // What was seen before that says nothing about what appeared since.
  if (observed.look_up->in_doubt) return LookUpToken{};
  if (planted(Bug::PortsLeftBehind)) return std::nullopt;
  if (auto part = remove_parts(instance, *observed.look_up, which)) return part;
  return await_parts(*observed.look_up, which);
}

// The server stays when its Service goes. One that is still being made is no server yet.
std::optional<InstanceAction> plan_detaching(const Instance& instance,
                                             const InstanceObserved& observed) {
  const std::string& policy = instance.spec.deletion_policy;
  if (policy.empty() || policy == "Delete" || instance.status.claim.state != "Confirmed") {
    return std::nullopt;
  }
  if (policy == "DetachMonitoring") return DropFinalizer{};
  if (!observed.look_up) return LookUpToken{};
  // Without a server there is nothing to keep.
  if (observed.look_up->servers.empty() && !observed.unmarked) return std::nullopt;
  for (const Server& server : observed.look_up->servers) {
    if (is_marked(server)) return UnmarkServer{server.id};
  }
  return DropFinalizer{};
}

InstanceAction plan_deletion(const Instance& instance, const InstanceObserved& observed) {
  // Our duty is done; what else holds the object is somebody else's.
  if (!instance.metadata.has_finalizer(api::v1alpha1::kCloudFinalizer)) {
    return Rest{kHealthy, std::string(api::kProgressing), "nothing is left in the cloud"};
  }
  // Between two claims there may be parts that wait for the next server.
  if (instance.status.claim.token.empty() && instance.status.resources.empty()) {
    return DropFinalizer{};
  }
  if (observed.cloud != InstanceObserved::Cloud::Trusted) {
    return Rest{kCloudWait, std::string(api::kBlocked),
                "finalizer clickdeploy.io/cloud waits for the cloud: " + observed.cloud_message};
  }
  if (std::optional<InstanceAction> next = plan_detaching(instance, observed)) return *next;
  std::optional<InstanceAction> action =
      remove_all(instance, observed, Remove::OfTheInstance, "the Instance is deleted");
  return action ? *action : InstanceAction(DropFinalizer{});
}

std::string reason_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::InvalidArgument:
      return std::string(api::kInvalidConfiguration);
    case ErrorCode::ResourceExhausted:
      return std::string(openstack::is_rate_limited(error) ? api::kTransientError
                                                           : api::kQuotaExceeded);
    case ErrorCode::PermissionDenied:
      return std::string(api::kUnauthorized);
    default:
      return std::string(api::kTransientError);
  }
}

// Between two tries the reason stays what it was when the last one failed.
std::string why_refused(const Instance& instance, const InstanceObserved& observed) {
  if (observed.create_failure) return reason_of(*observed.create_failure);
  if (is_quota_fault(instance.status.remediation.last_reason)) {
    return std::string(api::kQuotaExceeded);
  }
  const api::Condition* before = api::find_condition(instance.status.conditions, "Progressing");
  for (std::string_view known :
       {api::kInvalidConfiguration, api::kQuotaExceeded, api::kUnauthorized}) {
    if (before != nullptr && before->reason == known) return before->reason;
  }
  return std::string(api::kTransientError);
}

// A machine has what was installed on it last; cloud-init has no part in it.
std::optional<InstanceAction> plan_installation(const InstanceObserved& observed) {
  if (!observed.agents_mark || !observed.server) return std::nullopt;
  if (observed.server->task_state == "installing") {
    return Rest{kBuildPoll, std::string(api::kProgressing), "the agents are being installed"};
  }
  if (observed.server->agents_mark == *observed.agents_mark) return std::nullopt;
  return InstallAgents{};
}

// Nothing was asked of the cloud yet but, perhaps, parts.
InstanceAction plan_intended(const Instance& instance, const InstanceObserved& observed) {
  const Claim& claim = instance.status.claim;
  if (!observed.look_up) return LookUpToken{};
  if (const Server* found = choose_server(observed.look_up->servers)) return AdoptServer{found->id};
  if (!instance.spec.adopt.server_id.empty() && !instance.status.adopted) {
    return MarkServer{instance.spec.adopt.server_id};
  }
  if (!observed.create_slot_free) {
    return Rest{kSoon, std::string(api::kWaiting),
                "waiting for a free create slot of the Cloud (spec.limits.maxConcurrentCreates)"};
  }
  if (claim.attempts > 0) {
    const milliseconds wait = create_wait(instance, claim.attempts);
    const milliseconds waited = age_of(claim.since, observed);
    if (waited < wait) {
      // A failed try leaves nothing behind while the next one waits.
      if (auto left = remove_parts(instance, *observed.look_up, Remove::OfTheServer)) {
        return *left;
      }
      return Rest{wait - waited, why_refused(instance, observed),
                  "the last create failed: " + instance.status.remediation.last_reason +
                      "; trying again at " +
                      format_time(std::chrono::round<seconds>(observed.now + wait - waited))};
    }
  }
  // A deletion that was not answered may be carried out late, and would take the port of a running
  // server.
  for (const Part& part : observed.look_up->parts) {
    if (is_condemned(instance, part)) return DeletePart{part.kind, part.id};
  }
  if (!observed.resolved) return ResolveThings{};
  if (!*observed.resolved) {
    // Nothing may be left of a spec that cannot be made.
    if (auto left = remove_parts(instance, *observed.look_up, Remove::OfTheServer)) return *left;
    const Error& error = observed.resolved->error();
    if (error.code() == ErrorCode::ResourceExhausted) {
      return Rest{milliseconds(10'000), reason_of(error), error.message()};
    }
    const bool terminal = !error.is_retryable();
    return Rest{terminal ? milliseconds(60'000) : milliseconds(10'000),
                std::string(terminal ? api::kInvalidConfiguration : api::kTransientError),
                error.message()};
  }
  if (auto missing = make_parts(instance, *observed.look_up)) {
    return once_recorded(instance, observed, *missing);
  }
  if (auto unready = ready_volumes(instance, observed)) return *unready;
  return SaveClaim{with_state(claim, "Uncertain", observed)};
}

InstanceAction plan_uncertain(const Instance& instance, const InstanceObserved& observed) {
  const Claim& claim = instance.status.claim;
  if (!observed.look_up) return LookUpToken{};
  if (const Server* found = choose_server(observed.look_up->servers)) return AdoptServer{found->id};
  if (observed.may_create) return CreateServer{};
  const seconds waited = unknown_for(instance, observed);
  if (waited >= kUncertainWindow || planted(Bug::RetryWithoutWindow)) {
    Claim next = with_state(claim, "Intended", observed);
    return SaveClaim{next};
  }
  // Growing waits: as long again as we have waited, between one and sixteen seconds.
  const seconds wait = std::clamp(waited, seconds(1), seconds(16));
  return Rest{wait, std::string(api::kProgressing),
              "the outcome of the create request is not known; looking for a server with token " +
                  claim.token.substr(0, 8) + "…, no second one is created meanwhile"};
}

InstanceAction plan_replacement(const Instance& instance, const InstanceObserved& observed) {
  std::optional<InstanceAction> action =
      remove_all(instance, observed, Remove::OfTheServer, "it is replaced");
  return action ? *action : InstanceAction(ForgetServer{});
}

// A part that outlives servers is gone, or somebody took it away from the server.
std::optional<InstanceAction> plan_parts(const Instance& instance, const InstanceObserved& observed,
                                         const MendPart& lost) {
  if (!observed.look_up || observed.look_up->servers_only) return LookUpToken{};
  if (lost.kind == PartKind::Volume) {
    // An empty one in its place would hide that somebody's data are gone.
    const Part* volume = choose_part(instance, observed.look_up->parts, {lost.kind, lost.name});
    if (volume == nullptr || volume->state != "available") return std::nullopt;
    return AttachPart{lost.kind, volume->id, instance.status.server.id};
  }
  std::optional<InstanceAction> mend = make_parts(instance, *observed.look_up);
  // A port belongs to its server: it is not made again beside it. Nor is a volume.
  const CreatePart* create = mend ? std::get_if<CreatePart>(&*mend) : nullptr;
  if (create != nullptr && create->part.kind != lost.kind) return std::nullopt;
  if (!mend) return std::nullopt;
  if (create == nullptr) return mend;
  if (!observed.resolved) return ResolveThings{};
  if (!*observed.resolved) {
    const Error& error = observed.resolved->error();
    return Rest{milliseconds(10'000), reason_of(error), error.message()};
  }
  return once_recorded(instance, observed, *mend);
}

// What somebody changed on a running server is put back, where that needs no new one.
std::optional<InstanceAction> plan_correction(const Instance& instance,
                                              const InstanceObserved& observed) {
  const bool runs = observed.server && meaning_of(observed.server->status) == StateMeaning::Runs &&
                    observed.server->task_state.empty();
  if (!runs || !observed.drift) return std::nullopt;
  for (const Drift& drift : *observed.drift) {
    if (!drift.is_due()) continue;
    const MendPart* lost = std::get_if<MendPart>(&drift.correction);
    if (lost == nullptr) return CorrectDrift{drift.field};
    if (std::optional<InstanceAction> mend = plan_parts(instance, observed, *lost)) return mend;
  }
  return std::nullopt;
}

// Of one that differs somebody may put it right, or allow us to.
milliseconds next_look(const Instance& instance, const InstanceObserved& observed) {
  if (observed.agent_drift) return observed.agent_drift->empty() ? kHealthy : kDrifted;
  const api::Condition* agents = api::find_condition(instance.status.conditions, kAgentsUpToDate);
  return agents != nullptr && agents->status == api::ConditionStatus::False ? kDrifted : kHealthy;
}

InstanceAction plan_confirmed(const Instance& instance, const InstanceObserved& observed) {
  const InstanceStatus& status = instance.status;
  if (status.remediation.step == "Replace") {
    const bool there =
        observed.server && !observed.server_gone && !is_going(*observed.server, observed);
    // It may have recovered, or been stopped on purpose, since the step was recorded.
    if (there && !ails(instance, observed) && !is_asked_for(instance)) {
      if (std::optional<InstanceAction> end = plan_repair(instance, observed)) return *end;
      return Rest{kBuildPoll, std::string(api::kProgressing), "the server recovers"};
    }
    if (there && !instance.spec.remediation.enabled) {
      return Rest{kHealthy, std::string(api::kBlocked), "spec.remediation.enabled is false"};
    }
    return plan_replacement(instance, observed);
  }
  // A late second server of the same claim: keep ours.
  if (observed.look_up) {
    for (const Server& server : observed.look_up->servers) {
      if (server.id != status.server.id && !is_going(server, observed)) {
        return DeleteServer{server.id, "it is a second server of the same claim"};
      }
    }
  }
  if (!observed.server) {
    if (!observed.server_missing) {
      return Rest{kBuildPoll, std::string(api::kProgressing),
                  "waiting for the next observation of the cloud"};
    }
    // Lists lag behind creates.
    if (age_of(status.claim.since, observed) < kUncertainWindow) {
      return Rest{kBuildPoll, std::string(api::kProgressing),
                  "the server is not in the cloud's list yet"};
    }
    if (!observed.server_gone && !planted(Bug::ListBelieved)) return AskById{status.server.id};
    if (!observed.server_gone.value_or(true)) {
      return Rest{kBuildPoll, std::string(api::kProgressing),
                  "the server is not in the list but answers by id; waiting for the list"};
    }
    if (age_of(status.claim.since, observed) < kShownWindow) {
      return Rest{kBuildPoll, std::string(api::kProgressing),
                  "the server is gone so soon after its creation that the cloud's lists may not "
                  "show yet whether another one was made"};
    }
  }
  if (std::optional<InstanceAction> repair = plan_repair(instance, observed)) return *repair;
  if (observed.server && observed.server->status == "BUILD") {
    return Rest{kBuildPoll, std::string(api::kProgressing), "the cloud is building the server"};
  }
  if (const std::string why = observed.server ? why_left(observed.server->status) : "";
      !why.empty()) {
    const bool busy = meaning_of(observed.server->status) == StateMeaning::Busy;
    return Rest{busy ? kBuildPoll : kHealthy, std::string(busy ? api::kProgressing : api::kWaiting),
                why};
  }
  if (std::optional<InstanceAction> install = plan_installation(observed)) return *install;
  if (std::optional<InstanceAction> correct = plan_correction(instance, observed)) return *correct;
  if (std::optional<InstanceAction> anew = plan_new_agents(observed)) return *anew;
  const bool agents_up = std::ranges::all_of(
      observed.agents, [](const AgentObserved& agent) { return agent.target == TargetView::Up; });
  for (const AgentObserved& agent : observed.agents) {
    if (!agent.refusal.empty()) return Rest{kHealthy, std::string(api::kBlocked), agent.refusal};
  }
  if (!agents_up) {
    return Rest{kBuildPoll, std::string(api::kProgressing), "waiting for the agents to be scraped"};
  }
  if (std::optional<InstanceAction> correct = plan_restarts(observed)) return *correct;
  return Rest{next_look(instance, observed), "", ""};
}

}  // namespace

milliseconds create_wait(const Instance& instance, std::int64_t failed) {
  const Backoff backoff{
      .first = milliseconds(5'000), .longest = milliseconds(600'000), .jitter = 0.5};
  const std::string share = sha256_hex(instance.metadata.uid + "/" + std::to_string(failed));
  const std::uint64_t random = std::stoull(share.substr(0, 16), nullptr, 16);
  return backoff.after(static_cast<std::uint32_t>(failed), random);
}

bool is_quota_fault(const std::string& text) {
  return text.contains("Quota exceeded");
}

bool is_in_doubt(const Instance& instance, const InstanceObserved& observed) {
  if (planted(Bug::UncertainForgotten)) return false;
  const std::string& parts_asked = instance.status.claim.parts_asked;
  return is_server_in_doubt(instance, observed) ||
         (!parts_asked.empty() && age_of(parts_asked, observed) < kUncertainWindow);
}

seconds age_of(const std::string& time, const InstanceObserved& observed) {
  const auto known = observed.ages.find(time);
  if (known != observed.ages.end()) return known->second;
  const std::optional<WallTime> recorded = parse_time(time);
  if (!recorded) return seconds(0);
  return std::chrono::duration_cast<seconds>(observed.now - *recorded);
}

bool is_stopped(const std::string& server_status) {
  return meaning_of(server_status) == StateMeaning::Stopped || server_status == "SOFT_DELETED";
}

InstanceAction plan_instance(const Instance& instance, const InstanceObserved& observed,
                             const std::string& token) {
  if (observed.failure) {
    return Rest{milliseconds(5'000), reason_of(*observed.failure), observed.failure->message()};
  }
  if (instance.metadata.is_deleting()) return plan_deletion(instance, observed);
  switch (observed.cloud) {
    case InstanceObserved::Cloud::Missing:
      return Rest{kCloudWait, std::string(api::kWaiting), observed.cloud_message};
    case InstanceObserved::Cloud::NotAllowed:
      return Rest{milliseconds(60'000), std::string(api::kInvalidConfiguration),
                  observed.cloud_message};
    case InstanceObserved::Cloud::Untrusted:
      return Rest{kCloudWait, std::string(api::kObservationFailed), observed.cloud_message};
    case InstanceObserved::Cloud::Trusted:
      break;
  }
  if (observed.paused) {
    return Rest{kHealthy, std::string(api::kPaused),
                "paused; nothing is created, changed or repaired"};
  }
  const Claim& claim = instance.status.claim;
  if (claim.token.empty()) {
    Claim first{.token = token,
                .state = "Intended",
                .since = format_time(observed.now),
                .attempts = claim.attempts};
    const api::v1alpha1::Adoption& adopt = instance.spec.adopt;
    if (!adopt.token.empty() && !instance.status.adopted) {
      first.token = adopt.token;
    }
    return SaveClaim{first};
  }
  if (claim.state == "Intended") return plan_intended(instance, observed);
  if (claim.state == "Uncertain") return plan_uncertain(instance, observed);
  return plan_confirmed(instance, observed);
}

}  // namespace clickdeploy::reconcilers
