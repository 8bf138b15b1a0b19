// Our own /metrics: what the controllers do, for whoever watches the watcher.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/app/chain_times.h"
#include "controller/app/control_plane.h"
#include "controller/store/object_store.h"

#include <string>
#include <vector>

namespace clickdeploy::app {

// Prometheus's text exposition format.
std::string render_own_metrics(const std::vector<QueueCounts>& counts,
                               const store::ObjectStore& store);

// click_deploy_expected_down, which alerts are inhibited by while we take Instances down ourselves.
std::string render_expected_down(const std::vector<reconcilers::ExpectedDown>& down);

// How long the whole chain takes.
std::string render_chain_times(const ChainTimes& times);

// The API server's, under the names that Kubernetes gives them: dashboards for its servers work.
std::string render_api_metrics(const apiserver::ApiServer& api, const store::ObjectStore& store);

}  // namespace clickdeploy::app
