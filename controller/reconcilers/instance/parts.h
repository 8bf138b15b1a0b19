// Parts: what is made for an Instance besides its server.
//
// Each kind has one row in a table: how it is called in status.resources, what marks it as ours,
// and whether it outlives the server. All parts are made before the server and found again by
// their marks. Those of a claim go with its server; those of the Instance are reused by the next
// one and go with the Instance. Pure.
//
// Volumes take time: they are made before they can be used, and go some time after they were asked
// to. One that was never attached to a server says so by a mark of its own, which is taken off
// before the first server is asked for: only what carries it is known to hold nobody's data.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/openstack/types.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::reconcilers {

// In the order in which they are made; removed the other way round.
enum class PartKind : std::uint8_t { Port, RootVolume, Volume, FloatingIP };

struct PartRow {
  PartKind kind;
  std::string_view resource;  // its kind in status.resources
  bool outlives_server;       // marked with the Instance's uid, not with the claim's token
};

const PartRow& row_of(PartKind kind);
bool is_volume(PartKind kind);
std::optional<PartKind> part_kind(std::string_view resource);

// One that the cloud has.
struct Part {
  PartKind kind = PartKind::Port;
  // Of the attachment that a port was made for, or of the volume; "" for the other kinds.
  std::string name;
  std::string id;
  std::string label;  // what people see in the cloud
  std::string state;  // as the cloud spells it
  // The server of a port or a volume, the port of a floating IP; "": nothing.
  std::string used_by;
  bool unused = false;  // a volume that was never attached to a server

  bool operator==(const Part&) const = default;
};

// One that there should be.
struct WantedPart {
  PartKind kind = PartKind::Port;
  std::string name;

  bool operator==(const WantedPart&) const = default;
};

// The marks, in descriptions.
std::string port_description(const std::string& cluster_id, const std::string& token,
                             const std::string& attachment);
std::string floating_ip_description(const std::string& cluster_id, const std::string& uid);

// Metadata of the Instance's volumes. The root volume belongs to the claim; `name` is that of
// another one.
std::map<std::string, std::string> volume_marks(const api::v1alpha1::Instance& instance,
                                                const std::string& cluster_id, PartKind kind,
                                                const std::string& name);
// Nullopt if it does not carry the marks of this Instance, or of another claim of it.
std::optional<Part> volume_of(const openstack::Volume& volume,
                              const api::v1alpha1::Instance& instance,
                              const std::string& cluster_id);
// What it is called in the cloud.
std::string volume_label(const api::v1alpha1::Instance& instance, const WantedPart& wanted);
// "" if it has no such mark.
std::string mark_of(const openstack::Volume& volume, std::string_view name);

Part part_of(const openstack::Port& port);
// Of any Instance of this cluster.
Part part_of(const openstack::Volume& volume);
Part part_of(const openstack::FloatingIP& ip);

// The wish of the template that a volume fulfils; nullptr if it has none.
const api::v1alpha1::VolumeSpec* volume_spec(const api::v1alpha1::ServerTemplate& server,
                                             PartKind kind, const std::string& name);

bool wants_volumes(const api::v1alpha1::ServerTemplate& server);

// Is it left in the cloud when its Instance goes?
bool is_kept(const api::v1alpha1::Instance& instance, const Part& part);

// Is it on its way out, or stuck there?
bool is_leaving(const Part& part);

// Its deletion was asked for and not answered, so it may vanish at any time: it is of no more use.
bool is_condemned(const api::v1alpha1::Instance& instance, const Part& part);
void condemn_part(api::v1alpha1::InstanceStatus& status, const std::string& id);
// Would the cloud delete it as it is?
bool is_deletable(const Part& part);

// All parts of the template, in the order in which they are made.
std::vector<WantedPart> wanted_parts(const api::v1alpha1::ServerTemplate& server);

// The attachment whose port has the floating IP.
const std::string& floating_attachment(const api::v1alpha1::ServerTemplate& server);

// The one to use of those found; nullptr if there is none. There can be several, when a create came
// twice: the one that was recorded first is it, for records keep their order and are saved before
// the server is asked for. So each try uses the same ports, of which only one server can be made.
const Part* choose_part(const api::v1alpha1::Instance& instance, const std::vector<Part>& found,
                        const WantedPart& wanted);

// Makes status.resources name the parts that were found, and no others.
void record_parts(api::v1alpha1::InstanceStatus& status, const std::vector<Part>& found);
void record_part(api::v1alpha1::InstanceStatus& status, const Part& part);
void record_resource(api::v1alpha1::InstanceStatus& status, api::v1alpha1::OwnedResource resource);

}  // namespace clickdeploy::reconcilers
