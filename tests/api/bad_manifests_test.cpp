// Bad manifests: each is refused, and the first error says what to change.

#include "tests/api/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace clickdeploy::api {
namespace {

struct BadManifest {
  std::string file;   // in bad/, without ".yaml"
  std::string error;  // the first one
};

const std::vector<BadManifest>& bad_manifests() {
  static const std::vector<BadManifest> table = {
      {"backend_directory_climbs",
       "spec.rules.directory: Invalid value: \"/etc/prometheus/../../root\": must not have '.' or "
       "'..' parts"},
      {"backend_alertmanager_basic_and_bearer",
       "spec.alertmanager.auth: Invalid value: \"object\": at most one of basic and bearer may be "
       "set"},
      {"backend_alertmanager_certificate_without_https",
       "spec.alertmanager: Invalid value: \"object\": tls and auth.mtls need a url that begins "
       "with https"},
      {"backend_basic_and_bearer",
       "spec.auth: Invalid value: \"object\": at most one of basic and bearer may be set"},
      {"backend_certificate_without_https",
       "spec: Invalid value: \"object\": tls and auth.mtls need a url that begins with https"},
      {"backend_one_directory",
       "spec.rules.directory: Invalid value: \"/var/prometheus/files\": must be another folder "
       "than "
       "spec.targets.directory, \"/var//prometheus/files/\""},
      {"backend_relative_directory",
       "spec.targets.directory: Invalid value: \"targets\": spec.targets.directory in body should "
       "match '^/'"},
      {"backend_found_with_directory",
       "spec.targets: Invalid value: \"object\": directory is required by FileSD, and for FileSD "
       "only"},
      {"policy_back_test_of_a_year",
       "spec.rules.backTest.window: Invalid value: \"1y\": must be a duration of at least 1h and "
       "at most 31d"},
      {"backend_served_without_token",
       "spec.targets: Invalid value: \"object\": tokenSecretRef is required by HTTPSD, and for "
       "HTTPSD only"},
      {"backend_token_for_files",
       "spec.targets: Invalid value: \"object\": tokenSecretRef is required by HTTPSD, and for "
       "HTTPSD only"},
      {"backend_url_with_password",
       "spec.url: Invalid value: \"\": must not hold a user or password"},
      {"backend_url_without_host", "spec.url: Invalid value: \"http://:9090\": must name a host"},
      {"backend_url_without_scheme",
       "spec.url: Invalid value: \"prometheus:9090\": spec.url in body should match '^https?://[^/ "
       "]+[^ ]*$'"},
      {"cloud_poll_too_slow",
       "spec.pollSeconds: Invalid value: 3601: spec.pollSeconds in body should be less than or "
       "equal to 3600"},
      {"cloud_selector_in_without_values",
       "spec.allowedNamespaces.matchExpressions[0]: Invalid value: \"object\": values are needed "
       "by In and NotIn, and only by them"},
      {"cloud_threshold_not_a_percentage",
       "spec.protection.missingFleetThreshold: Invalid value: \"0.2\": "
       "spec.protection.missingFleetThreshold in body should match '^(100|[0-9]{1,2})%$'"},
      {"cloud_unknown_type",
       "spec.type: Unsupported value: \"Proxmox\": supported values: \"OpenStack\", \"Hosts\""},
      {"cloud_hosts_with_credentials",
       "spec: Invalid value: \"object\": credentials, region and identity are for the type "
       "OpenStack only"},
      {"cloud_hosts_without_ssh",
       "spec: Invalid value: \"object\": hosts and ssh are required by the type Hosts"},
      {"cloud_hosts_of_openstack",
       "spec: Invalid value: \"object\": hosts and ssh are for the type Hosts only"},
      {"cloud_host_twice",
       "spec.hosts[1]: Duplicate value: map[string]interface {}{\"name\":\"web-1\"}"},
      {"cloud_host_without_address",
       "spec.hosts[0].address: Invalid value: \"10.0.0.300\": must be an IP address or a CIDR"},
      {"service_machine_with_volume",
       "spec.template.spec: Invalid value: \"object\": a machine of a Cloud of type Hosts is what "
       "it is: availabilityZones, floatingIP, rootVolume, volumes, serverGroup, configDrive, "
       "keyName, userData and metadata are for servers that are made from image, flavors and "
       "networks"},
      {"service_image_without_networks",
       "spec.template.spec: Invalid value: \"object\": image, flavors and networks must be given "
       "together; none of them is for machines of a Cloud of type Hosts"},
      {"service_host_selector_with_networks",
       "spec.template.spec: Invalid value: \"object\": hostSelector is for machines of a Cloud of "
       "type Hosts, which have no networks here"},
      {"cloud_without_credentials",
       "spec: Invalid value: \"object\": credentials are required by the type OpenStack"},
      {"config_map_value_not_text",
       "data.count: Invalid value: \"integer\": data.count in body must be of type string: "
       "\"integer\""},
      {"event_about_another_namespace",
       "involvedObject.namespace: Invalid value: \"c\": does not match event.namespace"},
      {"instance_unknown_field_type",
       "spec.agents: Invalid value: \"object\": spec.agents in body must be of type array: "
       "\"object\""},
      {"policy_agent_twice",
       "spec.agents[1]: Duplicate value: map[string]interface {}{\"name\":\"node-exporter\"}"},
      {"policy_alert_and_record",
       "spec.rules.groups[0].rules[0]: Invalid value: \"object\": exactly one of alert and record "
       "must be set"},
      {"policy_annotation_not_text",
       "spec.rules.groups[0].rules[0].annotations.summary: Invalid value: \"boolean\": "
       "spec.rules.groups[0].rules[0].annotations.summary in body must be of type string: "
       "\"boolean\""},
      {"policy_archive_without_checksum",
       "spec.agents[0].install: Invalid value: \"object\": url and sha256 are required by the "
       "method Archive"},
      {"policy_argument_with_line_break",
       "spec.agents[0].extraArgs[0]: Invalid value: \"--a\\nb\": must not hold control characters"},
      {"policy_cadvisor_as_package",
       "spec.agents[0].install: Invalid value: \"object\": there is no package of cadvisor; the "
       "method Container fits"},
      {"policy_empty_expression",
       "spec.rules.groups[0].rules[0].expr: Invalid value: \" \": must hold an expression"},
      {"policy_extra_args_of_prebuilt",
       "spec.agents[0]: Invalid value: \"object\": extraArgs are not possible with this "
       "install.method"},
      {"policy_group_twice",
       "spec.rules.groups[1]: Duplicate value: map[string]interface {}{\"name\":\"g\"}"},
      {"policy_image_for_package",
       "spec.agents[0].install: Invalid value: \"object\": image is for the method Container only"},
      {"policy_interval_malformed",
       "spec.scrape.interval: Invalid value: \"30 seconds\": spec.scrape.interval in body should "
       "match '^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$'"},
      {"policy_interval_zero",
       "spec.scrape.interval: Invalid value: \"0s\": must be longer than nothing"},
      {"policy_label_name_malformed",
       "spec.rules.groups[0].rules[0].labels: Invalid value: \"a.b\": a name must match "
       "'[a-zA-Z_][a-zA-Z0-9_]*' and not begin with the reserved '__'"},
      {"policy_malformed_target_label",
       "spec.scrape.targetLabels: Invalid value: \"data-center\": a name must match "
       "'[a-zA-Z_][a-zA-Z0-9_]*' and not begin with the reserved '__'"},
      {"policy_neither_alert_nor_record",
       "spec.rules.groups[0].rules[0]: Invalid value: \"object\": exactly one of alert and record "
       "must be set"},
      {"policy_own_container_without_image",
       "spec.agents[0].install: Invalid value: \"object\": image is required for an agent of your "
       "own"},
      {"policy_owned_target_label",
       "spec.scrape.targetLabels: Invalid value: \"instance_id\": this label is set by the "
       "controller"},
      {"policy_password_of_cadvisor",
       "spec.agents[0]: Invalid value: \"object\": tls and auth of an agent other than "
       "node-exporter "
       "need an install.method of Prebuilt or None: somebody else has to lock it"},
      {"policy_port_out_of_range",
       "spec.agents[0].port: Invalid value: 65536: spec.agents[0].port in body should be less than "
       "or equal to 65535"},
      {"policy_record_name_malformed",
       "spec.rules.groups[0].rules[0].record: Invalid value: \"a b\": "
       "spec.rules.groups[0].rules[0].record in body should match '^[a-zA-Z_:][a-zA-Z0-9_:]*$'"},
      {"policy_record_with_for",
       "spec.rules.groups[0].rules[0]: Invalid value: \"object\": for and annotations are for "
       "alerts only"},
      {"policy_reserved_target_label",
       "spec.scrape.targetLabels: Invalid value: \"__address__\": a name must match "
       "'[a-zA-Z_][a-zA-Z0-9_]*' and not begin with the reserved '__'"},
      {"policy_timeout_over_interval",
       "spec.scrape.timeout: Invalid value: \"11s\": must not be longer than the interval (10s)"},
      {"policy_unknown_agent",
       "spec.agents[0]: Invalid value: \"object\": \"telegraf\" is none of node-exporter, cadvisor "
       "and caddy; an agent of your own needs install.method and port"},
      {"policy_without_selector", "spec.serviceSelector: Required value"},
      {"secret_key_with_slash",
       "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric "
       "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used "
       "for validation is '[-._a-zA-Z0-9]+')"},
      {"secret_not_base64", "data[password]: Invalid value: \"\": must be base64"},
      {"service_adopts_without_filter",
       "spec: Invalid value: \"object\": managementPolicy Adopt needs adopt.filter"},
      {"service_endpoint_named_as_agent",
       "spec.endpoints[0].name: Invalid value: \"node-exporter\": this is the name of an agent"},
      {"service_endpoint_timeout_over_interval",
       "spec.endpoints[0].timeout: Invalid value: \"10s\": must not be longer than the interval"},
      {"service_duplicate_network",
       "spec.template.spec.networks[1]: Duplicate value: map[string]interface "
       "{}{\"name\":\"app\"}"},
      {"service_empty_filter",
       "spec.template.spec.image.filter: Invalid value: \"object\": properties or tags must be "
       "given"},
      {"service_root_volume_of_no_size",
       "spec.template.spec.rootVolume.sizeGiB: Invalid value: 0: "
       "spec.template.spec.rootVolume.sizeGiB in body should be greater than or equal to 1"},
      {"service_volume_policy_unknown",
       "spec.template.spec.volumes[0].deletionPolicy: Unsupported value: \"Maybe\": supported "
       "values: \"Delete\", \"Keep\""},
      {"service_volume_twice",
       "spec.template.spec.volumes[1]: Duplicate value: map[string]interface "
       "{}{\"name\":\"data\"}"},
      {"service_floating_ip_of_no_network",
       "spec.template.spec.floatingIP.attachment: Invalid value: \"db\": must be the name of one "
       "of networks"},
      {"service_image_id_and_name",
       "spec.template.spec.image: Invalid value: \"object\": exactly one of id, name and filter "
       "must be set"},
      {"service_image_without_choice",
       "spec.template.spec.image: Invalid value: \"object\": exactly one of id, name and filter "
       "must be set"},
      {"service_max_unhealthy_not_a_share",
       "spec.remediation.maxUnhealthy: Invalid value: \"120%\": spec.remediation.maxUnhealthy in "
       "body should match '^(100|[0-9]{1,2})%$'"},
      {"service_metadata_value_not_text",
       "spec.template.spec.metadata.owner: Invalid value: \"boolean\": "
       "spec.template.spec.metadata.owner in body must be of type string: \"boolean\""},
      {"service_no_networks",
       "spec.template.spec.networks: Invalid value: 0: spec.template.spec.networks in body should "
       "have at least 1 items"},
      {"service_no_surge_and_no_unavailable",
       "spec.rollout: Invalid value: \"object\": maxSurge and maxUnavailable may not both be 0"},
      {"service_pair_not_an_address",
       "spec.template.spec.networks[0].allowedAddressPairs[0].ipAddress: Invalid value: "
       "\"10.0.0.0/33\": must be an IP address or a CIDR"},
      {"service_replicas_as_text",
       "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: "
       "\"string\""},
      {"service_reserved_label",
       "spec.template.metadata.labels: Invalid value: \"clickdeploy.io/service\": labels of "
       "clickdeploy.io are reserved"},
      {"service_security_group_without_choice",
       "spec.template.spec.networks[0].securityGroups[0]: Invalid value: \"object\": exactly one "
       "of id, name and filter must be set"},
      {"service_server_group_policy_and_name",
       "spec.template.spec.serverGroup: Invalid value: \"object\": exactly one of policy and name "
       "must be set"},
      {"service_too_many_replicas",
       "spec.replicas: Invalid value: 1001: spec.replicas in body should be less than or equal to "
       "1000"},
      {"service_too_many_flavors",
       "spec.template.spec.flavors: Too many: 9: must have at most 8 items"},
      {"service_unknown_step",
       "spec.remediation.steps[0]: Unsupported value: \"Pray\": supported values: "
       "\"RestartAgent\", \"Reinstall\", \"SoftReboot\", \"HardReboot\", \"Replace\""},
      {"service_upper_case_cloud",
       "spec.cloudRef.name: Invalid value: \"Prod\": spec.cloudRef.name in body should match "
       "'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'"},
      {"service_user_data_too_long_in_base64",
       "spec.template.spec.userData.inline: Too long: may not be more than 65535 bytes after "
       "base64 encoding"},
      {"service_user_data_twice",
       "spec.template.spec.userData: Invalid value: \"object\": at most one of inline and "
       "secretRef may be set"},
      {"service_without_spec", "spec: Required value"},
  };
  return table;
}

Result<Admitted> admit_bad(const std::string& file) {
  Result<Json> object =
      parse_single_yaml(read_text(source_dir() / "tests/api/bad" / (file + ".yaml")));
  if (!object) return std::unexpected(object.error());
  return admit(std::move(*object));
}

TEST(BadManifests, AreRefusedWithTheErrorThatHelps) {
  for (const BadManifest& bad : bad_manifests()) {
    SCOPED_TRACE(bad.file);
    const Result<Admitted> admitted = admit_bad(bad.file);
    ASSERT_TRUE(admitted) << admitted.error().message();
    ASSERT_FALSE(admitted->errors.empty());
    EXPECT_EQ(to_string(admitted->errors.front()), bad.error);
  }
}

TEST(BadManifests, AreAllInTheTable) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/api/bad")) {
    if (entry.path().extension() == ".yaml") ++files;
  }
  EXPECT_EQ(files, bad_manifests().size());
}

// No error repeats what may be a password.
TEST(BadManifests, ErrorsDoNotRepeatSecrets) {
  EXPECT_EQ(join_errors(admit_bad("secret_not_base64")->errors).find("not base64!"),
            std::string::npos);
  EXPECT_EQ(join_errors(admit_bad("backend_url_with_password")->errors).find("me:secret"),
            std::string::npos);
}

}  // namespace
}  // namespace clickdeploy::api
