// Where the agents of a server are reached.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/openstack/observer.h"

#include <string>

namespace clickdeploy::reconcilers {

// The fixed address on the network marked for scraping, else on the first; what the server itself
// says if its port is not observed. "" if it has none yet. `snapshot` may be nullptr. Pure.
std::string scrape_address(const api::v1alpha1::Instance& instance, const openstack::Server& server,
                           const openstack::CloudSnapshot* snapshot);

// The attachment that agents are scraped at.
const std::string& scrape_attachment(const api::v1alpha1::ServerTemplate& server);

}  // namespace clickdeploy::reconcilers
