// plan_instance: what to do next for one Instance. Pure: no I/O, no clock, the same answer for the
// same input. The reconciler performs the action, puts its outcome into the record or the
// observation, and asks again, until the answer is to wait or that all is done.
//
// The create protocol. Nova's create has no idempotency key, its time-out may come after the
// effect, and we may die anywhere, so:
//   no claim   → save a claim {token, Intended}; durable before anything is called
//   Intended   → no server was asked for yet: resolve, look the token up, make the missing parts,
//                wait for volumes, save Uncertain, and only then ask for the server
//                (each part: save partsAsked, ask for it, forget partsAsked if the answer is
//                prompt)
//   Uncertain  → look the token up with growing waits; found: adopt the oldest healthy one, delete
//                the others; not found for kUncertainWindow: back to Intended
//   Confirmed  → the server's id is recorded
// Everything made carries the token, is found again by it, and is deleted by id and token. A
// deletion ends on a look-up that was begun when nothing that was asked for could still appear.
//
// Repair. An agent that Prometheus cannot scrape and that does not answer us either, or a server in
// ERROR or gone, is unhealthy; after its grace the ladder's steps follow one another, each within
// the budget. A server stopped on purpose is respected.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/base/error.h"
#include "controller/base/text.h"
#include "controller/openstack/types.h"
#include "controller/reconcilers/instance/drift.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/parts.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;

inline constexpr std::chrono::seconds kUncertainWindow{60};

// A request that is answered within this time is taken not to have been sent again by anything on
// its way: what does that has to wait for an answer first, and for longer.
inline constexpr std::chrono::milliseconds kPromptAnswer{2'000};

// The step after Replace: the old server is observed gone, a new one is on its way.
inline constexpr const char* kRecreate = "Recreate";

// Did somebody stop a server that is in this state of Nova's?
bool is_stopped(const std::string& server_status);

// What carries the Instance's token or uid, read just now.
struct TokenLookUp {
  std::vector<openstack::Server> servers;
  std::vector<Part> parts;
  bool servers_only = false;  // taken from the observer's list: no parts were looked for
  bool in_doubt = false;      // begun while more could still appear: see is_in_doubt()

  bool operator==(const TokenLookUp&) const = default;
};

// Names of the spec turned into the cloud's ids.
struct ResolvedServer {
  std::string host;  // of a Cloud of type Hosts: what the server's id will be, and nothing else
  std::string image_id;
  std::string flavor_id;
  std::string flavor;  // its name
  std::string availability_zone;
  struct Attachment {
    std::string name;
    std::string network_id;
    std::optional<std::vector<std::string>> security_group_ids{};
    std::string subnet_id{};
    bool operator==(const Attachment&) const = default;
  };
  std::vector<Attachment> attachments;
  std::string floating_network_id;  // "": no floating IP is wanted
  std::string server_group_id;      // "": none
  std::string user_data;

  bool operator==(const ResolvedServer&) const = default;
};

enum class TargetView : std::uint8_t {
  Unknown,       // Prometheus could not be observed
  NotPublished,  // no backend wants it, or it has no address
  NotKnown,      // published, not yet seen by Prometheus
  Pending,       // known, not yet scraped
  Up,
  Down,
};

struct AgentObserved {
  std::string name;
  std::string address;  // "" until the server has one
  TargetView target = TargetView::NotPublished;
  std::string last_scrape;  // RFC 3339; "" if never
  std::string scrape_error;
  std::string refusal;  // why its address may not be published
  // What the agent itself said, where it was asked.
  // Refuses: it runs, and wants another password.
  enum class Probe : std::uint8_t { NotAsked, Answers, Silent, Refuses, OtherIdentity };
  Probe probe = Probe::NotAsked;
  std::string version;
  std::string settings;  // the mark of those that it was installed with; "" if nobody tells
  std::string reported_uid;
  std::string probe_error;
  std::string failed_step;  // of the first boot, as node_exporter tells it

  bool operator==(const AgentObserved&) const = default;
};

// Repairs that the Service allows now.
struct RepairBudget {
  bool enabled = true;
  bool blocked = false;  // the brake: too many are unhealthy
  std::int64_t unhealthy = 0;
  std::int64_t unhealthy_max = 1;
  std::string scope = "Service";  // or Cloud: whose numbers these are
  bool slot_free = true;          // fewer than maxInFlight are running

  bool operator==(const RepairBudget&) const = default;
};

struct InstanceObserved {
  enum class Cloud : std::uint8_t { Missing, NotAllowed, Untrusted, Trusted };
  Cloud cloud = Cloud::Missing;
  std::string cloud_message;  // why it is not trusted
  WallTime now{};
  bool paused = false;           // by annotation or by its Service
  bool create_slot_free = true;  // maxConcurrentCreates of the Cloud

  // This very pass has saved Uncertain and asked for nothing yet: the one moment to ask for a
  // server.
  bool may_create = false;
  bool unmarked = false;             // this pass has let the server go
  std::vector<std::string> deleted;  // servers that this pass has asked to delete
  // How old the times in the record are, by their text. One that is not here is as old as `now`
  // says.
  std::map<std::string, std::chrono::seconds> ages;
  // For how long this process has seen the claim in its state: a wall clock that jumps ahead must
  // not end a wait.
  std::chrono::seconds claim_seen{std::chrono::seconds::max()};

  std::optional<Error> create_failure;  // of this pass: the cloud certainly refused

  std::optional<TokenLookUp> look_up;
  std::optional<Result<ResolvedServer>> resolved;
  std::optional<openstack::Server> server;  // the recorded one, as last observed
  bool server_missing = false;              // not in a snapshot that is newer than our last change
  std::optional<std::vector<Drift>> drift;  // nullopt: nothing that is new enough was compared
  std::optional<Error> drift_failure;       // why some of it could not be compared
  std::optional<bool> server_gone;          // asked by id: 404 or not
  std::optional<Error> failure;             // of the last action; stops the pass
  std::vector<AgentObserved> agents;
  std::optional<api::v1alpha1::AlertCounts> alerts;  // nullopt: they could not be observed
  // Agents that are not what the spec says; nullopt: not every agent was asked, or answered.
  std::optional<std::vector<Drift>> agent_drift;
  RepairBudget budget;
  bool may_restart_agents = false;  // the policy, or the Cloud, lets us in by SSH
  // Of a machine: what is to be installed on it, as its agents_mark tells it. Nullopt on a server,
  // where cloud-init installs.
  std::optional<std::string> agents_mark;
  bool replace_drifted = false;     // the policy has servers replaced whose agents differ
  std::string console_failed_step;  // of the first boot, as the server's console tells it
};

// Before the next try to create a server after so many that failed: 5 s, 10 s, … up to 10 minutes,
// less up to a half of it. Each Instance has its own share, always the same, so that those that
// failed together do not try together.
std::chrono::milliseconds create_wait(const Instance& instance, std::int64_t failed);

// Nova counts a second time after it has accepted a create: of several that come together it may
// refuse all, and leaves them in ERROR, where they count. Is that what this says?
bool is_quota_fault(const std::string& text);

// How long ago the recorded time was; 0 if it is none.
std::chrono::seconds age_of(const std::string& time, const InstanceObserved& observed);

// May something that was asked for with the claim's token still appear? A server whose create was
// not answered, or that nobody has seen yet, or a second part: for kUncertainWindow.
bool is_in_doubt(const Instance& instance, const InstanceObserved& observed);

// Actions.
struct SaveClaim {
  api::v1alpha1::Claim claim;
  bool operator==(const SaveClaim&) const = default;
};
struct LookUpToken {
  bool operator==(const LookUpToken&) const = default;
};
struct ResolveThings {
  bool operator==(const ResolveThings&) const = default;
};
struct CreatePart {
  WantedPart part;
  bool operator==(const CreatePart&) const = default;
};
// A volume is ready for its first server: from now on it may hold data.
struct BeginUse {
  std::string id;
  bool operator==(const BeginUse&) const = default;
};
// A volume could not be made. It is removed, and the next try waits.
struct GiveUpVolume {
  PartKind kind = PartKind::Volume;
  std::string id;
  std::string why;
  bool operator==(const GiveUpVolume&) const = default;
};
// A volume stays when its Instance goes, without our marks.
struct ReleaseVolume {
  std::string id;
  bool operator==(const ReleaseVolume&) const = default;
};
// A floating IP goes to the port, a volume to the server.
struct AttachPart {
  PartKind kind = PartKind::FloatingIP;
  std::string id;
  std::string to;
  bool operator==(const AttachPart&) const = default;
};
// The server, or what belongs to it, is changed back in place.
struct CorrectDrift {
  std::string field;
  bool operator==(const CorrectDrift&) const = default;
};
// An agent that answers is started again, or installed anew, since it is not as it should be.
struct CorrectAgent {
  std::string field;
  bool operator==(const CorrectAgent&) const = default;
};
// The agents of a machine are installed, or installed anew.
struct InstallAgents {
  bool operator==(const InstallAgents&) const = default;
};
struct CreateServer {
  bool operator==(const CreateServer&) const = default;
};
// A server that somebody else made gets our marks.
struct MarkServer {
  std::string id;
  bool operator==(const MarkServer&) const = default;
};
// A server is let go: it goes on running, without our marks.
struct UnmarkServer {
  std::string id;
  bool operator==(const UnmarkServer&) const = default;
};
struct AdoptServer {
  std::string id;
  bool operator==(const AdoptServer&) const = default;
};
struct DeleteServer {
  std::string id;
  std::string why;
  bool operator==(const DeleteServer&) const = default;
};
struct DeletePart {
  PartKind kind = PartKind::Port;
  std::string id;
  bool operator==(const DeletePart&) const = default;
};
struct AskById {
  std::string id;
  bool operator==(const AskById&) const = default;
};
struct BeginRepair {
  std::string step;
  std::string reason;
  bool operator==(const BeginRepair&) const = default;
};
struct EndRepair {
  bool operator==(const EndRepair&) const = default;
};
struct ForgetServer {
  bool operator==(const ForgetServer&) const = default;
};  // replaced: start anew
struct DropFinalizer {
  bool operator==(const DropFinalizer&) const = default;
};
// Nothing to do now. `reason` is one of the shared vocabulary; "" when all is well.
struct Rest {
  std::chrono::milliseconds look_again{0};
  std::string reason;
  std::string message;
  bool operator==(const Rest&) const = default;
};

using InstanceAction =
    std::variant<SaveClaim, LookUpToken, ResolveThings, CreatePart, BeginUse, GiveUpVolume,
                 ReleaseVolume, AttachPart, CorrectDrift, CorrectAgent, InstallAgents, CreateServer,
                 MarkServer, UnmarkServer, AdoptServer, DeleteServer, DeletePart, AskById,
                 BeginRepair, EndRepair, ForgetServer, DropFinalizer, Rest>;

// `token` is a fresh random one, used only if a claim must be made.
InstanceAction plan_instance(const Instance& instance, const InstanceObserved& observed,
                             const std::string& token);

// Why the Instance is unhealthy; nullopt when it is not, or when that cannot be told.
std::optional<std::string> unhealthy_reason(const Instance& instance,
                                            const InstanceObserved& observed);

}  // namespace clickdeploy::reconcilers
