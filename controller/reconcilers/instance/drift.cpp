#include "controller/reconcilers/instance/drift.h"

#include "controller/base/backoff.h"
#include "controller/base/text.h"
#include "controller/reconcilers/instance/instance_plan.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/resolve_internal.h"
#include "controller/reconcilers/instance/scrape_address.h"
#include "controller/reconcilers/service/shared_parts.h"

#include <algorithm>
#include <set>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::NetworkAttachment;
using api::v1alpha1::OwnedResource;
using openstack::AddressPair;
using openstack::CloudSnapshot;
using openstack::Port;
using openstack::Server;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kTextMax = 200;  // of a value in a message
constexpr std::chrono::hours kForgotten{2};

std::string quoted(std::string text) {
  if (text.size() > kTextMax) text = text.substr(0, kTextMax) + "…";
  return "'" + text + "'";
}

std::string listed(std::vector<std::string> items) {
  std::ranges::sort(items);
  return items.empty() ? "none" : join(items, ", ");
}

std::string pair_text(const AddressPair& pair) {
  return pair.ip_address + (pair.mac_address.empty() ? "" : " " + pair.mac_address);
}

std::vector<std::string> pair_texts(const std::vector<AddressPair>& pairs) {
  std::vector<std::string> texts;
  for (const AddressPair& pair : pairs) texts.push_back(pair_text(pair));
  return texts;
}

bool carries_claim(const Server& server, const std::string& token) {
  return std::ranges::find(server.tags, claim_tag(token)) != server.tags.end() ||
         mark_of(server, kClaimMetadata) == token;
}

bool carries_cluster(const Server& server, const std::string& cluster_id) {
  const std::string mark = mark_of(server, kClusterMetadata);
  return mark == cluster_id ||
         (mark.empty() &&
          std::ranges::find(server.tags, cluster_tag(cluster_id)) != server.tags.end());
}

class Comparison {
 public:
  Comparison(const Instance& instance, const std::string& cluster_id, const CloudSnapshot& snapshot,
             const WantedGroups& groups)
      : instance_(instance),
        cluster_id_(cluster_id),
        snapshot_(snapshot),
        groups_(groups),
        server_(snapshot.servers.at(instance.status.server.id)) {}

  std::vector<Drift> compare() {
    const std::string& token = instance_.status.claim.token;
    if (!carries_claim(server_, token) || !carries_cluster(server_, cluster_id_)) {
      tell("marks", claim_tag(token) + ", " + cluster_tag(cluster_id_), listed(marks_of_server()),
           "it is no longer known as ours, so nothing of it is changed or deleted. Put the tags "
           "back: openstack server set --tag TAG " +
               server_.id);
    } else {
      compare_name();
      compare_metadata();
      compare_tags();
    }
    compare_build();
    compare_ports();
    compare_volumes();
    compare_floating_ip();
    return std::move(found_);
  }

 private:
  void add(std::string field, std::string wanted, std::string found, Correction correction) {
    found_.push_back({.field = std::move(field),
                      .wanted = std::move(wanted),
                      .found = std::move(found),
                      .correction = std::move(correction)});
  }
  void tell(std::string field, std::string wanted, std::string found, std::string advice) {
    add(std::move(field), std::move(wanted), std::move(found), OnlyTell{std::move(advice)});
  }

  static std::string new_server() {
    return "only a new server undoes that: set the annotation clickdeploy.io/remediate: Replace on "
           "this Instance, or change the template of the Service";
  }

  std::vector<std::string> marks_of_server() const {
    std::vector<std::string> marks;
    for (const std::string& tag : server_.tags) {
      if (tag.starts_with("clickdeploy-")) marks.push_back(tag);
    }
    const std::string cluster = mark_of(server_, kClusterMetadata);
    if (!cluster.empty()) marks.push_back(std::string(kClusterMetadata) + "=" + cluster);
    return marks;
  }

  // One that was taken over keeps the name that it had.
  void compare_name() {
    const std::string& wanted = instance_.metadata.name;
    if (instance_.status.resolved.at.empty() || server_.name == wanted) return;
    add("name", quoted(wanted), quoted(server_.name), RenameServer{wanted});
  }

  void compare_metadata() {
    std::map<std::string, std::string> wanted = instance_.spec.server.metadata;
    for (const auto& [name, value] : server_marks(instance_, cluster_id_)) wanted[name] = value;
    SetMetadata change;
    std::vector<std::string> should;
    std::vector<std::string> is;
    for (const auto& [name, value] : wanted) {
      const auto there = server_.metadata.find(openstack::as_shown(name));
      if (there != server_.metadata.end() && there->second == openstack::as_shown(value)) continue;
      change.items[name] = value;
      should.push_back(name + "=" + quoted(value));
      is.push_back(name +
                   (there == server_.metadata.end() ? " missing" : "=" + quoted(there->second)));
    }
    if (!change.items.empty()) add("metadata", listed(should), listed(is), std::move(change));
  }

  void compare_tags() {
    AddTags change;
    for (const std::string& tag :
         {claim_tag(instance_.status.claim.token), cluster_tag(cluster_id_)}) {
      if (std::ranges::find(server_.tags, tag) == server_.tags.end()) change.tags.push_back(tag);
    }
    if (change.tags.empty()) return;
    const std::string wanted = listed(change.tags);
    add("tags", wanted, "missing", std::move(change));
  }

  // Of a server that was taken over neither is known.
  void compare_build() {
    const api::v1alpha1::ResolvedThings& made_from = instance_.status.resolved;
    const auto differs = [](const std::string& wanted, const std::string& found) {
      return !wanted.empty() && !found.empty() && wanted != found;
    };
    if (differs(made_from.flavor, server_.flavor_name)) {
      tell("flavor", quoted(made_from.flavor), quoted(server_.flavor_name), new_server());
    }
    if (differs(made_from.image_id, server_.image_id)) {
      tell("image", quoted(made_from.image_id), quoted(server_.image_id), new_server());
    }
  }

  // A create that came twice leaves several of one name, of which one serves.
  void compare_ports() {
    std::set<std::string> seen;
    for (const OwnedResource& own : instance_.status.resources) {
      if (own.kind != "Port" || !seen.insert(own.name).second) continue;
      const OwnedResource* chosen = &own;
      for (const OwnedResource& other : instance_.status.resources) {
        const auto port = snapshot_.ports.find(other.id);
        const bool serves = other.kind == "Port" && other.name == own.name &&
                            port != snapshot_.ports.end() && port->second.device_id == server_.id;
        if (!serves) continue;
        chosen = &other;
        break;
      }
      compare_port(*chosen);
    }
  }

  void compare_port(const OwnedResource& own) {
    const std::string field = "port " + own.name;
    const std::string wanted = own.id + " at this server";
    const auto at = snapshot_.ports.find(own.id);
    if (at == snapshot_.ports.end()) return tell(field, wanted, "deleted", new_server());
    const Port& port = at->second;
    const NetworkAttachment* attachment = nullptr;
    for (const NetworkAttachment& each : instance_.spec.server.networks) {
      const std::string mark =
          port_description(cluster_id_, instance_.status.claim.token, each.name);
      if (port.description == mark) attachment = &each;
    }
    if (attachment == nullptr) {
      return tell(field + " description", "our mark", quoted(port.description),
                  "it is no longer known as ours, so nobody will delete it. Put the mark back, as "
                  "in docs/reference/kinds/instance.md, or delete it when its server goes");
    }
    if (port.device_id.empty() && server_.status == "BUILD") return;  // not yet attached
    if (port.device_id != server_.id) {
      return tell(field, wanted, port.device_id.empty() ? "detached" : "at " + port.device_id,
                  "attach it again: openstack server add port " + server_.id + " " + own.id +
                      ", or have the server replaced");
    }
    compare_groups(field, port, attachment->name);
    compare_pairs(field, port, *attachment);
  }

  void compare_groups(const std::string& field, const Port& port, const std::string& attachment) {
    const auto wanted = groups_.find(attachment);
    if (wanted == groups_.end() || !port.has_security) return;
    if (std::ranges::is_permutation(wanted->second, port.security_group_ids)) return;
    add(field + " security groups", listed(wanted->second), listed(port.security_group_ids),
        SetPortGroups{port.id, wanted->second});
  }

  // Without a MAC address the cloud puts the port's own.
  void compare_pairs(const std::string& field, const Port& port,
                     const NetworkAttachment& attachment) {
    std::vector<AddressPair> wanted;
    for (const auto& pair : attachment.allowed_address_pairs) {
      wanted.push_back({pair.ip_address, pair.mac_address});
    }
    const bool same = std::ranges::is_permutation(
        wanted, port.allowed_address_pairs, [&](const AddressPair& a, const AddressPair& b) {
          const auto mac = [&](const AddressPair& pair) {
            return to_lower(pair.mac_address.empty() ? port.mac_address : pair.mac_address);
          };
          return a.ip_address == b.ip_address && mac(a) == mac(b);
        });
    if (same) return;
    add(field + " allowed address pairs", listed(pair_texts(wanted)),
        listed(pair_texts(port.allowed_address_pairs)), SetPortPairs{port.id, std::move(wanted)});
  }

  // A server that was taken over has none of ours.
  bool has_own_parts() const {
    return std::ranges::any_of(instance_.status.resources,
                               [](const OwnedResource& own) { return own.kind == "Port"; });
  }

  void compare_volumes() {
    if (!snapshot_.volumes || !has_own_parts() || server_.status == "BUILD") return;
    for (const WantedPart& wanted : wanted_parts(instance_.spec.server)) {
      if (is_volume(wanted.kind)) compare_volume(wanted);
    }
  }

  void compare_volume(const WantedPart& wanted) {
    const std::string field = part_field(wanted.kind, wanted.name);
    const std::string should = "attached to this server";
    std::vector<Part> found;
    bool unmarked = false;
    for (const auto& [id, volume] : *snapshot_.volumes) {
      std::optional<Part> part = volume_of(volume, instance_, cluster_id_);
      const bool recorded = std::ranges::any_of(
          instance_.status.resources,
          [&](const OwnedResource& own) { return own.id == id && own.name == label_of(wanted); });
      const bool serves =
          std::ranges::find(volume.server_ids, server_.id) != volume.server_ids.end();
      if (part && part->kind == wanted.kind && part->name == wanted.name) {
        if (serves) part->used_by = server_.id;
        found.push_back(*std::move(part));
      } else if (!part && recorded) {
        tell(field + " metadata", "our marks", "without them",
             "it is no longer known as ours, so nobody will delete it. Put them back, as in "
             "docs/reference/kinds/instance.md, or delete it when its server goes: volume " +
                 id);
        unmarked = true;
      }
    }
    if (unmarked) return;
    const Part* part = choose_part(instance_, found, wanted);
    for (const Part& each : found) {
      if (each.used_by == server_.id) part = &each;
    }
    const bool root = wanted.kind == PartKind::RootVolume;
    if (part == nullptr) {
      // An empty one in its place would hide that somebody's data are gone.
      return tell(field, should, "gone, or without our marks", new_server());
    }
    if (part->state == "in-use" && part->used_by == server_.id) return;
    if (part->state == "available" && !root) {
      return add(field, should, "detached", MendPart{wanted.kind, wanted.name});
    }
    if (part->state == "in-use" && !part->used_by.empty()) {
      return tell(field, should, "at server " + part->used_by,
                  "it is not taken away from there. Detach it, and it comes back");
    }
    if (part->state == "available" || part->state.starts_with("error")) {
      tell(field, should, part->state,
           "look at it in the cloud: openstack volume show " + part->id);
    }
  }

  std::string label_of(const WantedPart& wanted) const { return volume_label(instance_, wanted); }

  void compare_floating_ip() {
    if (!instance_.spec.server.floating_ip || !snapshot_.floating_ips) return;
    if (!has_own_parts()) return;
    std::set<std::string> own;
    for (const OwnedResource& resource : instance_.status.resources) own.insert(resource.id);
    std::string found = "none";
    for (const auto& [id, ip] : *snapshot_.floating_ips) {
      if (!own.contains(id)) continue;
      const std::string mark = floating_ip_description(cluster_id_, identity_of(instance_));
      if (ip.description != mark) {
        return tell("floatingIP description", quoted(mark), quoted(ip.description),
                    "it is no longer known as ours, so nobody will delete it. Put it back: "
                    "openstack floating ip set --description MARK " +
                        id);
      }
      if (own.contains(ip.port_id)) return;
      found = ip.address + (ip.port_id.empty() ? " attached to nothing" : " at port " + ip.port_id);
    }
    add(part_field(PartKind::FloatingIP, ""), "at this server's port", found, MendPart{});
  }

  const Instance& instance_;
  const std::string& cluster_id_;
  const CloudSnapshot& snapshot_;
  const WantedGroups& groups_;
  const Server& server_;
  std::vector<Drift> found_;
};

}  // namespace

std::string part_field(PartKind kind, const std::string& name) {
  switch (kind) {
    case PartKind::Port:
      return "port " + name;
    case PartKind::RootVolume:
      return "rootVolume";
    case PartKind::Volume:
      return "volume " + name;
    case PartKind::FloatingIP:
      return "floatingIP";
  }
  return "";
}

bool Drift::is_due() const {
  return !asked && wait == milliseconds(0) && !std::holds_alternative<OnlyTell>(correction);
}

std::string describe_drift(const Drift& drift) {
  return drift.field + " is " + drift.found + " instead of " + drift.wanted;
}

Result<WantedGroups> wanted_groups(const api::v1alpha1::ServerTemplate& server,
                                   const std::vector<openstack::SecurityGroup>& known,
                                   const std::vector<OwnedResource>& shared) {
  WantedGroups wanted;
  const bool has_default =
      std::ranges::count(known, "default", &openstack::SecurityGroup::name) == 1;
  for (std::size_t i = 0; i < server.networks.size(); ++i) {
    const NetworkAttachment& network = server.networks[i];
    std::vector<api::v1alpha1::CloudThing> named = network.security_groups;
    if (named.empty() && !has_default) continue;
    if (named.empty()) named.push_back({.id = "", .name = "default"});
    Result<std::vector<std::string>> ids = choose_groups(
        known, named, "spec.template.spec.networks[" + std::to_string(i) + "].securityGroups");
    if (!ids) return std::unexpected(std::move(ids).error());
    if (network.name == scrape_attachment(server)) {
      for (const OwnedResource& group : shared) {
        if (group.kind == kSecurityGroup && group.state == kInUse) ids->push_back(group.id);
      }
    }
    wanted.emplace(network.name, *std::move(ids));
  }
  return wanted;
}

std::vector<Drift> find_drift(const Instance& instance, const std::string& cluster_id,
                              const CloudSnapshot& snapshot, const WantedGroups& groups) {
  return Comparison(instance, cluster_id, snapshot, groups).compare();
}

namespace {

std::string outlook(const Drift& drift) {
  if (const auto* tell = std::get_if<OnlyTell>(&drift.correction)) return tell->advice;
  if (drift.asked && drift.refusal.empty()) return "it is put back";
  if (!drift.refusal.empty()) {
    return "the cloud does not let it be put back: " + drift.refusal +
           (drift.next_at.empty() ? "" : "; next try at " + drift.next_at);
  }
  if (drift.wait > milliseconds(0)) {
    return "somebody has changed it again after it was put back (" + std::to_string(drift.times) +
           " times); next try at " + drift.next_at +
           ". Find out who does, or change the spec of the Service";
  }
  return "it is put back when the server runs";
}

// Like the wait between failed tries, without jitter: one person changes one thing.
milliseconds wait_after(std::int64_t times) {
  const Backoff backoff{
      .first = milliseconds(60'000), .longest = milliseconds(3'600'000), .jitter = 0};
  return backoff.after(static_cast<std::uint32_t>(times), 0);
}

}  // namespace

api::Condition drift_condition(const std::vector<Drift>& drift,
                               const std::optional<Error>& failure) {
  api::Condition condition;
  condition.type = "UpToDate";
  condition.status = api::ConditionStatus::False;
  if (drift.empty() && !failure) {
    condition.status = api::ConditionStatus::True;
    condition.reason = api::kSucceeded;
    condition.message = "the server and its parts in the cloud are as the spec says";
    return condition;
  }
  const bool wrong = failure && failure->code() == ErrorCode::InvalidArgument;
  const bool unseen = failure && !wrong && drift.empty();
  if (unseen) condition.status = api::ConditionStatus::Unknown;
  const bool told = std::ranges::any_of(
      drift, [](const Drift& each) { return std::holds_alternative<OnlyTell>(each.correction); });
  const bool held = std::ranges::any_of(drift, [](const Drift& each) {
    return each.wait > milliseconds(0) || !each.refusal.empty();
  });
  condition.reason = wrong    ? api::kInvalidConfiguration
                     : unseen ? api::kObservationFailed
                     : told   ? kDriftedReason
                     : held   ? api::kWaiting
                              : api::kProgressing;
  std::vector<std::string> sentences;
  if (failure) sentences.push_back(failure->message());
  for (const Drift& each : drift) sentences.push_back(describe_drift(each) + ": " + outlook(each));
  condition.message = join(sentences, ". ");
  return condition;
}

std::vector<Drift> DriftBook::look(std::vector<Drift>& drift, SteadyTime now) {
  std::vector<Drift> fresh;
  std::set<std::string> there;
  for (Drift& each : drift) {
    there.insert(each.field);
    Entry& entry = entries_[each.field];
    // Another wish, or a long rest, begins anew.
    if (entry.wanted != each.wanted || now - entry.tried_at > kForgotten) {
      entry.times = 0;
      entry.refusal.clear();
      entry.next_at.clear();
    }
    const bool known = entry.there && entry.wanted == each.wanted && entry.found == each.found;
    entry.wanted = each.wanted;
    entry.found = each.found;
    entry.there = true;
    each.times = entry.times;
    each.refusal = entry.refusal;
    each.next_at = entry.next_at;
    if (entry.times > 0) {
      const auto waited = std::chrono::duration_cast<milliseconds>(now - entry.tried_at);
      each.wait = std::max(wait_after(entry.times) - waited, milliseconds(0));
    }
    if (!known) fresh.push_back(each);
  }
  for (auto& [field, entry] : entries_) entry.there = there.contains(field);
  return fresh;
}

DriftBook::Entry& DriftBook::try_again(const std::string& field, SteadyTime now,
                                       WallTime wall_now) {
  Entry& entry = entries_[field];
  ++entry.times;
  entry.tried_at = now;
  entry.next_at =
      format_time(std::chrono::round<std::chrono::seconds>(wall_now + wait_after(entry.times)));
  entry.refusal.clear();
  return entry;
}

void DriftBook::corrected(const std::string& field, SteadyTime now, WallTime wall_now) {
  try_again(field, now, wall_now).there = false;  // if it comes back, somebody did that
}

void DriftBook::refused(const std::string& field, std::string why, SteadyTime now,
                        WallTime wall_now) {
  try_again(field, now, wall_now).refusal = std::move(why);
}

}  // namespace clickdeploy::reconcilers
