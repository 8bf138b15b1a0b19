// Checks that the rules of several kinds share. Each appends what it finds to `errors`; `path` is
// that of the value. Absent (null) values are fine: whether they are required is in the schema.

#pragma once

#include "api/schema/field_error.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>

namespace clickdeploy::api::v1alpha1 {

// A rule about an object as a whole, reported like a failed CEL rule: Invalid value: "object": ….
void broken_rule(FieldErrors& errors, const std::string& path, std::string_view message);

// An IP address, or a network in CIDR form.
void check_address(FieldErrors& errors, const Json& address, const std::string& path);

void check_cloud_thing(FieldErrors& errors, const Json& thing, const std::string& path);
void check_selector(FieldErrors& errors, const Json& selector, const std::string& path);
void check_server_template(FieldErrors& errors, const Json& server, const std::string& path);
void check_agents(FieldErrors& errors, const Json& agents, const std::string& path);

// An absolute http or https URL with a host and without user, query or fragment.
void check_base_url(FieldErrors& errors, const Json& url, const std::string& path);
// As above, but a query is fine: something to download.
void check_download_url(FieldErrors& errors, const Json& url, const std::string& path);

// An absolute path without "." and ".." parts and control characters.
void check_directory(FieldErrors& errors, const Json& directory, const std::string& path);

// A duration of Prometheus, longer than nothing.
void check_duration(FieldErrors& errors, const Json& duration, const std::string& path);

// [a-zA-Z_][a-zA-Z0-9_]*, and not beginning with the reserved "__".
bool is_prometheus_label_name(std::string_view name);

}  // namespace clickdeploy::api::v1alpha1
