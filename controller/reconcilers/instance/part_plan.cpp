#include "controller/base/planted.h"
#include "controller/reconcilers/instance/part_plan_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kPoll{2'000};
constexpr milliseconds kSlowly{60'000};

bool goes(const Part& part, Remove which) {
  return which == Remove::OfTheInstance || !row_of(part.kind).outlives_server;
}

}  // namespace

std::optional<InstanceAction> make_parts(const Instance& instance, const TokenLookUp& found) {
  const api::v1alpha1::ServerTemplate& server = instance.spec.server;
  for (const WantedPart& wanted : wanted_parts(server)) {
    const Part* part = choose_part(instance, found.parts, wanted);
    if (part == nullptr) return CreatePart{wanted};
    if (wanted.kind != PartKind::FloatingIP) continue;
    const Part* port =
        choose_part(instance, found.parts, {PartKind::Port, floating_attachment(server)});
    if (port != nullptr && part->used_by != port->id) {
      return AttachPart{wanted.kind, part->id, port->id};
    }
  }
  return std::nullopt;
}

std::optional<InstanceAction> remove_parts(const Instance& instance, const TokenLookUp& found,
                                           Remove which) {
  for (auto part = found.parts.rbegin(); part != found.parts.rend(); ++part) {
    if (!goes(*part, which) || !is_deletable(*part)) continue;
    if (is_volume(part->kind) && planted(Bug::VolumesLeftBehind)) continue;
    if (which == Remove::OfTheInstance && is_kept(instance, *part)) return ReleaseVolume{part->id};
    return DeletePart{part->kind, part->id};
  }
  return std::nullopt;
}

std::optional<InstanceAction> await_parts(const TokenLookUp& found, Remove which) {
  if (planted(Bug::VolumesLeftBehind) || planted(Bug::VolumesNotAwaited)) return std::nullopt;
  for (const Part& part : found.parts) {
    if (!goes(part, which) || is_deletable(part)) continue;
    const std::string name = "volume " + part.id + " (" + part.label + ")";
    if (part.state == "deleting") {
      return Rest{kPoll, std::string(api::kProgressing),
                  name + " is being deleted; waiting until the cloud answers 404"};
    }
    if (part.state == "error_deleting") {
      return Rest{kSlowly, std::string(api::kBlocked),
                  name +
                      " is in error_deleting: the cloud could not delete it. Have an administrator "
                      "reset its state (openstack volume set --state available " +
                      part.id + "); it is deleted then"};
    }
    const bool used = !part.used_by.empty();
    return Rest{
        kPoll, std::string(api::kWaiting),
        name + " is " + part.state + (used ? " at server " + part.used_by : "") +
            " and cannot be deleted yet; waiting for the cloud. If that does not end, detach "
            "it, or have an administrator reset its state"};
  }
  return std::nullopt;
}

std::optional<InstanceAction> ready_volumes(const Instance& instance,
                                            const InstanceObserved& observed) {
  const seconds waited = age_of(instance.status.claim.since, observed);
  const std::int64_t limit = instance.spec.remediation.startup_timeout_seconds;
  std::vector<const Part*> ready;
  std::optional<Rest> wait;
  for (const WantedPart& wanted : wanted_parts(instance.spec.server)) {
    if (!is_volume(wanted.kind)) continue;
    const Part& part = *choose_part(instance, observed.look_up->parts, wanted);
    const std::string name = "volume " + part.id + " (" + part.label + ")";
    if (part.state == "available") {
      ready.push_back(&part);
    } else if (part.state == "error" && (part.unused || part.kind == PartKind::RootVolume)) {
      // No server of this claim has ever run from it.
      return GiveUpVolume{part.kind, part.id,
                          "the cloud could not make " + name +
                              ": it is in error (openstack volume "
                              "show " +
                              part.id + " tells more, while it is there)"};
    } else if (part.state.starts_with("error")) {
      return Rest{kSlowly, std::string(api::kBlocked),
                  name + " is in " + part.state +
                      " and may hold data, so it is neither used nor "
                      "deleted. Have it mended, or delete it: then an empty one is made"};
    } else if (!wait) {
      const bool late = part.unused && waited.count() > limit;
      const std::string where = part.used_by.empty() ? "" : " at server " + part.used_by;
      // Like the wait for a server of unknown outcome; a large image may take many minutes.
      wait =
          Rest{std::clamp(waited / 4, seconds(2), seconds(15)),
               std::string(late ? api::kWaiting : api::kProgressing),
               name + " is " + part.state + where + "; waiting until it is available" +
                   (late ? ", for longer than spec.remediation.startupTimeoutSeconds. Look at it "
                           "in the cloud: openstack volume show " +
                               part.id
                         : "")};
    }
  }
  if (wait) return *wait;
  for (const Part* part : ready) {
    if (part->unused) return BeginUse{part->id};
  }
  return std::nullopt;
}

}  // namespace clickdeploy::reconcilers
