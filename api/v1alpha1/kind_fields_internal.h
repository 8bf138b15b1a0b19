// The wire names of the kinds, but for MonitoringPolicy.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "api/v1alpha1/common_fields_internal.h"
#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/metrics_backend.h"
#include "api/v1alpha1/service.h"

namespace clickdeploy::api {

namespace v1alpha1 {

template <class Io>
void fields(Io& io, CloudCredentials& x) {
  io.field("secretRef", x.secret_ref);
  io.field("cloudName", x.cloud_name);
}

template <class Io>
void fields(Io& io, CloudLimits& x) {
  io.field("requestsPerSecond", x.requests_per_second);
  io.field("burst", x.burst);
  io.field("maxConcurrentCreates", x.max_concurrent_creates);
}

template <class Io>
void fields(Io& io, HostSpec& x) {
  io.field("name", x.name);
  io.field("address", x.address);
  if constexpr (std::is_same_v<Io, field_io::Reader>) {
    io.field("port", x.port);
  } else if (x.port != 0) {
    io.field("port", x.port);
  }
  io.field("labels", x.labels);
  io.field("hostKey", x.host_key);
}

template <class Io>
void fields(Io& io, CloudSpec& x) {
  io.field("type", x.type);
  io.field("credentials", x.credentials);
  io.field("hosts", x.hosts);
  io.field("ssh", x.ssh);
  io.field("region", x.region);
  io.nested("identity", [&](Io& inner) { inner.field("projectID", x.identity_project_id); });
  io.field("allowedNamespaces", x.allowed_namespaces);
  io.field("limits", x.limits);
  io.field("pollSeconds", x.poll_seconds);
  io.nested("protection",
            [&](Io& inner) { inner.field("missingFleetThreshold", x.missing_fleet_threshold); });
}

template <class Io>
void fields(Io& io, QuotaStatus& x) {
  io.field("limit", x.limit);
  io.field("used", x.used);
}

template <class Io>
void fields(Io& io, CloudIdentity& x) {
  io.field("projectID", x.project_id);
  io.field("userID", x.user_id);
  io.field("catalogHash", x.catalog_hash);
}

template <class Io>
void fields(Io& io, Orphan& x) {
  io.field("kind", x.kind);
  io.field("id", x.id);
  io.field("name", x.name);
  io.field("belongedTo", x.belonged_to);
  io.field("since", x.since);
}

template <class Io>
void fields(Io& io, HostStatus& x) {
  io.field("name", x.name);
  io.field("address", x.address);
  io.field("port", x.port);
  io.field("state", x.state);
  io.field("serverID", x.server_id);
  io.field("instance", x.instance);
  io.field("hostKey", x.host_key);
  io.field("message", x.message);
}

template <class Io>
void fields(Io& io, CloudStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("identity", x.identity);
  io.field("tokenExpiresAt", x.token_expires_at);
  io.field("quota", x.quota);
  io.field("services", x.services);
  io.field("servers", x.servers);
  io.field("instancesSummary", x.instances_summary);
  io.field("orphans", x.orphans);
  io.field("hosts", x.hosts);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

// Stands in its owner, as `auth` and `tls`.
template <class Io>
void access_fields(Io& io, AccessSpec& x) {
  auto secret = [](Io& in, std::string& name) {
    in.nested("secretRef", [&](Io& ref) { ref.field("name", name); });
  };
  io.nested("auth", [&](Io& auth) {
    auth.nested("basic", [&](Io& in) { secret(in, x.basic_secret); });
    auth.nested("bearer", [&](Io& in) { in.field("secretRef", x.bearer); });
    auth.nested("mtls", [&](Io& in) { secret(in, x.mtls_secret); });
  });
  io.nested("tls", [&](Io& tls) { tls.field("caSecretRef", x.ca); });
}

template <class Io>
void fields(Io& io, AlertmanagerSpec& x) {
  io.field("url", x.url);
  access_fields(io, x.access);
}

template <class Io>
void fields(Io& io, MetricsBackendSpec& x) {
  io.field("type", x.type);
  io.field("url", x.url);
  access_fields(io, x.access);
  io.field("allowedNamespaces", x.allowed_namespaces);
  io.nested("targets", [&](Io& inner) {
    inner.field("type", x.targets_type);
    inner.field("directory", x.targets_directory);
    inner.field("tokenSecretRef", x.targets_token);
  });
  io.nested("rules", [&](Io& inner) {
    inner.field("directory", x.rules_directory);
    inner.field("reload", x.rules_reload);
  });
  io.field("alertmanager", x.alertmanager);
  io.field("verifySeconds", x.verify_seconds);
  io.nested("queryLimits",
            [&](Io& inner) { inner.field("timeoutSeconds", x.query_timeout_seconds); });
  io.field("scrapesFrom", x.scrapes_from);
}

template <class Io>
void fields(Io& io, LastReload& x) {
  io.field("time", x.time);
  io.field("succeeded", x.succeeded);
  io.field("message", x.message);
}

template <class Io>
void fields(Io& io, TargetCounts& x) {
  io.field("desired", x.desired);
  io.field("delivered", x.delivered);
  io.field("known", x.known);
  io.field("up", x.up);
}

template <class Io>
void fields(Io& io, RuleCounts& x) {
  io.field("desired", x.desired);
  io.field("loaded", x.loaded);
  io.field("rejected", x.rejected);
  io.field("failingEvaluation", x.failing_evaluation);
}

template <class Io>
void fields(Io& io, MetricsBackendStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("version", x.version);
  io.field("clusterID", x.cluster_id);
  io.field("lastReload", x.last_reload);
  io.field("targets", x.targets);
  io.field("rules", x.rules);
  io.field("targetsSummary", x.targets_summary);
  io.field("rulesSummary", x.rules_summary);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

template <class Io>
void fields(Io& io, RolloutSpec& x) {
  io.field("maxSurge", x.max_surge);
  io.field("maxUnavailable", x.max_unavailable);
  io.field("minReadySeconds", x.min_ready_seconds);
  io.field("gates", x.gates);
  io.field("paused", x.paused);
  io.field("progressDeadlineSeconds", x.progress_deadline_seconds);
  io.field("onFailure", x.on_failure);
  io.field("revisionHistoryLimit", x.revision_history_limit);
}

template <class Io>
void fields(Io& io, DeletionSpec& x) {
  io.field("policy", x.policy);
  io.field("order", x.order);
}

template <class Io>
void fields(Io& io, AdoptFilter& x) {
  io.field("namePrefix", x.name_prefix);
  io.field("metadata", x.metadata);
  io.field("tags", x.tags);
}

template <class Io>
void fields(Io& io, EndpointSpec& x) {
  io.field("name", x.name);
  io.field("type", x.type);
  io.field("port", x.port);
  io.field("path", x.path);
  io.field("scheme", x.scheme);
  io.field("params", x.params);
  io.field("interval", x.interval);
  io.field("timeout", x.timeout);
}

template <class Io>
void fields(Io& io, ServiceSpec& x) {
  io.field("cloudRef", x.cloud_ref);
  io.field("projectID", x.project_id);
  io.field("managementPolicy", x.management_policy);
  io.nested("adopt", [&](Io& inner) { inner.field("filter", x.adopt_filter); });
  io.field("paused", x.paused);
  io.field("replicas", x.replicas);
  io.nested("template", [&](Io& inner) {
    inner.nested("metadata", [&](Io& metadata) {
      metadata.field("labels", x.template_labels);
      metadata.field("annotations", x.template_annotations);
    });
    inner.field("spec", x.template_spec);
  });
  io.field("endpoints", x.endpoints);
  io.field("rollout", x.rollout);
  io.field("remediation", x.remediation);
  io.field("deletion", x.deletion);
}

template <class Io>
void fields(Io& io, AppliedPolicy& x) {
  io.field("name", x.name);
  io.field("generation", x.generation);
}

template <class Io>
void fields(Io& io, FleetRemediation& x) {
  io.field("allowed", x.allowed);
  io.field("inFlight", x.in_flight);
  io.field("blocked", x.blocked);
}

template <class Io>
void fields(Io& io, RolloutStatus& x) {
  io.field("state", x.state);
  io.field("templateHash", x.template_hash);
  io.field("number", x.number);
  io.field("completed", x.completed);
  io.field("startedAt", x.started_at);
  io.field("progressedAt", x.progressed_at);
  io.field("progress", x.progress);
  io.field("message", x.message);
}

template <class Io>
void fields(Io& io, AlertCounts& x) {
  io.field("firing", x.firing);
  io.field("pending", x.pending);
}

template <class Io>
void fields(Io& io, ServiceAlert& x) {
  io.field("name", x.name);
  io.field("severity", x.severity);
  io.field("instance", x.instance);
  io.field("state", x.state);
  io.field("since", x.since);
  io.field("silenced", x.silenced);
  io.field("summary", x.summary);
  io.field("labels", x.labels);
}

template <class Io>
void fields(Io& io, ServiceAlerts& x) {
  io.field("firing", x.firing);
  io.field("pending", x.pending);
  io.field("worst", x.worst);
}

template <class Io>
void fields(Io& io, ServiceStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("revision", x.revision);
  io.field("replicas", x.replicas);
  io.field("updatedReplicas", x.updated_replicas);
  io.field("readyReplicas", x.ready_replicas);
  io.field("availableReplicas", x.available_replicas);
  io.field("monitoredReplicas", x.monitored_replicas);
  io.field("selector", x.selector);
  io.field("policies", x.policies);
  io.field("remediation", x.remediation);
  io.field("resources", x.resources);
  io.field("rollout", x.rollout);
  io.field("plannedSteps", x.planned_steps);
  io.field("alerts", x.alerts);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

template <class Io>
void fields(Io& io, Adoption& x) {
  io.field("serverID", x.server_id);
  io.field("token", x.token);
  io.field("identity", x.identity);
}

template <class Io>
void fields(Io& io, InstanceSpec& x) {
  io.field("cloudRef", x.cloud_ref);
  io.field("serviceName", x.service_name);
  io.field("projectID", x.project_id);
  io.field("availabilityZone", x.availability_zone);
  io.field("server", x.server);
  io.field("agents", x.agents);
  io.field("remediation", x.remediation);
  io.field("adopt", x.adopt);
  io.field("deletionPolicy", x.deletion_policy);
}

template <class Io>
void fields(Io& io, Claim& x) {
  io.field("token", x.token);
  io.field("state", x.state);
  io.field("since", x.since);
  io.field("attempts", x.attempts);
  io.field("partsAsked", x.parts_asked);
}

template <class Io>
void fields(Io& io, InstanceServer& x) {
  io.field("id", x.id);
  io.field("state", x.state);
  io.field("task", x.task);
  io.field("fault", x.fault);
  io.field("requestID", x.request_id);
}

template <class Io>
void fields(Io& io, InstanceAddress& x) {
  io.field("type", x.type);
  io.field("address", x.address);
  io.field("network", x.network);
}

template <class Io>
void fields(Io& io, FailedPlacement& x) {
  io.field("flavorID", x.flavor_id);
  io.field("availabilityZone", x.availability_zone);
  io.field("reason", x.reason);
  io.field("at", x.at);
}

template <class Io>
void fields(Io& io, ResolvedAttachment& x) {
  io.field("name", x.name);
  io.field("networkID", x.network_id);
  io.field("subnetID", x.subnet_id);
  io.field("securityGroupIDs", x.security_group_ids);
}

template <class Io>
void fields(Io& io, ResolvedThings& x) {
  io.field("imageID", x.image_id);
  io.field("flavorID", x.flavor_id);
  io.field("flavor", x.flavor);
  io.field("availabilityZone", x.availability_zone);
  io.field("attachments", x.attachments);
  io.field("at", x.at);
  io.field("failedPlacements", x.failed_placements);
  io.field("host", x.host);
}

template <class Io>
void fields(Io& io, BootstrapStatus& x) {
  io.field("state", x.state);
  io.field("step", x.step);
  io.field("durationSeconds", x.duration_seconds);
}

template <class Io>
void fields(Io& io, AgentStatus& x) {
  io.field("name", x.name);
  io.field("state", x.state);
  io.field("version", x.version);
  io.field("installedVersion", x.installed_version);
  io.field("address", x.address);
  io.field("lastScrape", x.last_scrape);
  io.field("reportedID", x.reported_id);
}

template <class Io>
void fields(Io& io, InstanceRemediation& x) {
  io.field("step", x.step);
  io.field("retries", x.retries);
  io.field("lastReason", x.last_reason);
  io.field("startedAt", x.started_at);
  io.field("unhealthySince", x.unhealthy_since);
}

template <class Io>
void fields(Io& io, InstanceStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("phase", x.phase);
  io.field("claim", x.claim);
  io.field("server", x.server);
  io.field("resources", x.resources);
  io.field("addresses", x.addresses);
  io.field("address", x.address);
  io.field("adopted", x.adopted);
  io.field("resolved", x.resolved);
  io.field("bootstrap", x.bootstrap);
  io.field("bootedAt", x.booted_at);
  io.field("agents", x.agents);
  io.field("agentsSummary", x.agents_summary);
  io.field("scraped", x.scraped);
  io.field("alerts", x.alerts);
  io.field("remediation", x.remediation);
  io.field("sshHostKey", x.ssh_host_key);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

}  // namespace v1alpha1

}  // namespace clickdeploy::api
