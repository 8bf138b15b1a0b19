// ComputeClient, NetworkClient, ImageClient, VolumeClient: one function per request of Nova,
// Neutron, Glance and Cinder.
//
// A client tries once; retry lives in the work queue. A list is all pages or an error, never a
// part; a page link to another host or one seen before is an error, and so are more than 1,000
// pages. Ids that go into a path are escaped. Absence that the caller handles is nullopt, not an
// error. Threads and lifetime: as Session, which they refer to.

#pragma once

#include "controller/openstack/servers.h"
#include "controller/openstack/session.h"
#include "controller/openstack/types.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::openstack {

// True if the request that gave this error had no effect: the cloud refused it, or it was never
// sent. Everything else (5xx, time-outs, resets, answers that make no sense) leaves that open. Ask
// before putting context in front of the error's message; afterwards the answer may be false.
bool certainly_not_done(const Error& error);

// Is it about how fast we ask, and not about a quota: a 429, or our own limit?
bool is_rate_limited(const Error& error);

struct ServerList {
  std::vector<Server> servers;
  std::optional<WallTime> as_of;  // Nova's own time when it began; nullopt: it does not tell
};

class ComputeClient final : public Servers {
 public:
  explicit ComputeClient(Session& session) : session_(session) {}

  Task<Result<std::vector<Server>>> list_servers(std::string tag = "") override;
  Task<Result<ServerList>> list_all_servers();
  // Those that have changed since that time of Nova's, as Nova sees it: metadata, tags and
  // addresses do not count, and of one that is gone the status is DELETED. Nullopt: more than fit
  // one page.
  Task<Result<std::optional<std::vector<Server>>>> list_changed_servers(WallTime since);
  Task<Result<std::optional<Server>>> get_server(std::string id) override;
  Task<Result<std::string>> create_server(ServerCreate create) override;
  Task<Result<void>> delete_server(std::string id) override;
  Task<Result<void>> reboot_server(std::string id, RebootType type) override;
  Task<Result<void>> set_server_metadata(std::string id,
                                         std::map<std::string, std::string> items) override;
  Task<Result<void>> delete_server_metadata(std::string id, std::string name) override;
  Task<Result<void>> add_server_tag(std::string id, std::string tag) override;
  Task<Result<void>> delete_server_tag(std::string id, std::string tag) override;
  Task<Result<void>> rename_server(std::string id, std::string name) override;
  Task<Result<std::string>> console_output(std::string id, int lines) override;
  // Its outcome shows in the volume: attaching, then in-use. Conflict: it is not available.
  Task<Result<void>> attach_volume(std::string server_id, std::string volume_id);
  Task<Result<std::vector<Flavor>>> list_flavors();
  Task<Result<Quota>> quota();

  // Server groups have no description and no tags: ours are marked by their names.
  Task<Result<std::vector<ServerGroup>>> list_server_groups();
  Task<Result<ServerGroup>> create_server_group(std::string name, std::string policy);
  Task<Result<void>> delete_server_group(std::string id);  // one that is gone is a success

 private:
  Session& session_;
};

class NetworkClient {
 public:
  explicit NetworkClient(Session& session) : session_(session) {}

  Task<Result<std::vector<Network>>> list_networks();
  Task<Result<std::vector<SecurityGroup>>> list_security_groups();
  // Ports whose description is exactly this one; "" lists all ports of the project.
  Task<Result<std::vector<Port>>> list_ports(std::string description = "");
  Task<Result<Port>> create_port(PortCreate create);
  Task<Result<void>> delete_port(std::string id);  // one that is gone is a success
  Task<Result<std::vector<Subnet>>> list_subnets();

  Task<Result<void>> set_port_security_groups(std::string port_id, std::vector<std::string> ids);
  Task<Result<void>> set_port_address_pairs(std::string port_id, std::vector<AddressPair> pairs);
  Task<Result<SecurityGroup>> create_security_group(std::string name, std::string description);
  // One that is there already is a success.
  Task<Result<void>> create_ingress_rule(std::string group_id, IngressRule rule);
  Task<Result<void>> delete_security_group_rule(std::string id);  // one that is gone is a success
  Task<Result<void>> delete_security_group(std::string id);       // one that is gone is a success
  Task<Result<NetworkQuota>> quota();

  // As list_ports. NotFound where the cloud has no floating IPs.
  Task<Result<std::vector<FloatingIP>>> list_floating_ips(std::string description = "");
  // Made and attached in one, or not made. NotFound: no router leads from the port to the network.
  Task<Result<FloatingIP>> create_floating_ip(FloatingIPCreate create);
  Task<Result<FloatingIP>> attach_floating_ip(std::string id, std::string port_id);
  Task<Result<void>> set_floating_ip_description(std::string id, std::string description);
  Task<Result<void>> delete_floating_ip(std::string id);  // one that is gone is a success
  Task<Result<void>> set_port_description(std::string id, std::string description);

 private:
  Session& session_;
};

class ImageClient {
 public:
  explicit ImageClient(Session& session) : session_(session) {}

  // Active ones of that name; "": all active ones.
  Task<Result<std::vector<Image>>> list_images(std::string name);
  Task<Result<std::optional<Image>>> get_image(std::string id);

 private:
  Session& session_;
};

// Not every cloud has Cinder: Session::offers("volume").
class VolumeClient {
 public:
  explicit VolumeClient(Session& session) : session_(session) {}

  // Those whose metadata has this value under this name; "" lists all volumes of the project.
  Task<Result<std::vector<Volume>>> list_volumes(std::string name = "", std::string value = "");
  Task<Result<std::optional<Volume>>> get_volume(std::string id);
  // In `creating`, or further. NotFound: there is no such type.
  Task<Result<Volume>> create_volume(VolumeCreate create);
  // It is gone when get_volume() says so. One that is gone is a success. Conflict: its state does
  // not allow it (it is attached, being made, or has snapshots).
  Task<Result<void>> delete_volume(std::string id);
  Task<Result<void>> delete_volume_metadata(std::string id, std::string name);  // gone is a success
  // In place of all that it has. NotFound: there is no such volume.
  Task<Result<void>> replace_volume_metadata(std::string id,
                                             std::map<std::string, std::string> metadata);
  Task<Result<VolumeQuota>> quota();

 private:
  Session& session_;
};

}  // namespace clickdeploy::openstack
