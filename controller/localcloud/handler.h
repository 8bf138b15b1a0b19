// make_handler: the HTTP face of a cloud: Keystone, Nova, Neutron, Glance and Cinder on one origin.
//
// Paths: /identity/v3, /compute/v2.1 (microversions 2.1 to 2.93), /network/v2.0, /image/v2,
// /volume/v3/PROJECT (without microversions), and the switches for tests and people under
// /localcloud/v1 (without a token). Bodies, status codes, error forms, paging and headers are those
// of the release Zed.
//
// The handler may be called from any executor; the cloud is touched only on `executor`, which is
// the cloud's thread. `base_url` ("http://127.0.0.1:8774") goes into the catalog and into links;
// "" takes it from the Host header of each request. Cloud and clock outlive the handler.

#pragma once

#include "controller/async/task.h"
#include "controller/http/http_client.h"
#include "controller/localcloud/cloud.h"

#include <string>

namespace clickdeploy::localcloud {

http::Handler make_handler(Cloud& cloud, Clock& clock, Executor executor, std::string base_url);

}  // namespace clickdeploy::localcloud
