// Marks: what a server carries so that its owner is known without any record of ours. From them a
// fleet is found again when the database is lost. Pure.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/openstack/types.h"

#include <map>
#include <string>
#include <string_view>

namespace clickdeploy::reconcilers {

// Keys of a server's metadata, and of a volume's.
inline constexpr std::string_view kClusterMetadata = "clickdeploy_cluster";
inline constexpr std::string_view kServiceMetadata = "clickdeploy_service";    // namespace/name
inline constexpr std::string_view kInstanceMetadata = "clickdeploy_instance";  // namespace/name
inline constexpr std::string_view kUidMetadata = "clickdeploy_uid";  // what its agents tell
inline constexpr std::string_view kRevisionMetadata = "clickdeploy_revision";
inline constexpr std::string_view kClaimMetadata = "clickdeploy_claim";    // the token
inline constexpr std::string_view kVolumeMetadata = "clickdeploy_volume";  // its name; of volumes
inline constexpr std::string_view kUnusedMetadata = "clickdeploy_unused";  // never attached yet
inline constexpr std::string_view kMarkPrefix = "clickdeploy_";

// Tags of a server and its ports.
std::string claim_tag(const std::string& token);
std::string cluster_tag(const std::string& cluster_id);

// What marks and agents of everything that belongs to the Instance tell: its uid, or that of the
// one whose server it took over. So its parts are found by one mark, whichever of the two made
// them.
const std::string& identity_of(const api::v1alpha1::Instance& instance);

std::map<std::string, std::string> server_marks(const api::v1alpha1::Instance& instance,
                                                const std::string& cluster_id);

// "" if the server has no metadata of that name.
std::string mark_of(const openstack::Server& server, std::string_view name);

// Does it carry any mark, of whichever Click Deploy?
bool is_marked(const openstack::Server& server);

// Is it gone, or on its way?
bool is_leaving(const openstack::Server& server);

}  // namespace clickdeploy::reconcilers
