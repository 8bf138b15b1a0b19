// For the hard scenarios (docs/reliability.md): fleets of which the cloud says something else than
// is so, and small questions about what came of it.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::simulation {

bool is_call(const http::Request& request, std::string_view method, std::string_view path);

Json service_object(int replicas);  // service_manifest() as JSON
// {"spec": spec}
Json with_spec(Json spec);
void remediate(SimWorld& world, Json remediation);  // of the Service web

// Everything that the cloud says of a server goes through `change` from here on: lists, and looks
// by id. `change` returns false for a server that lists do not show.
using ServerView = std::function<bool(Json& server)>;
void show_servers_as(SimWorld& world, ServerView change);
void show_servers_as_they_are(SimWorld& world);

bool is_all_gone(const SimWorld& world);
// The only one; fails the test if there is another number of them.
Json only_instance(const SimWorld& world);

}  // namespace clickdeploy::simulation
