#include "api/v1alpha1/codec.h"

#include "api/v1alpha1/field_io_internal.h"

namespace clickdeploy::api {

namespace field_io {

Json Writer::write(const LabelSelector& value) {
  Json expressions = Json::array();
  for (const LabelSelector::Requirement& requirement : value.requirements()) {
    Json item = Json::object({{"key", requirement.key}});
    switch (requirement.op) {
      case LabelSelector::Operator::In:
        item.set("operator", "In");
        break;
      case LabelSelector::Operator::NotIn:
        item.set("operator", "NotIn");
        break;
      case LabelSelector::Operator::Exists:
        item.set("operator", "Exists");
        break;
      case LabelSelector::Operator::DoesNotExist:
        item.set("operator", "DoesNotExist");
        break;
      case LabelSelector::Operator::GreaterThan:
        item.set("operator", "Gt");
        break;
      case LabelSelector::Operator::LessThan:
        item.set("operator", "Lt");
        break;
    }
    for (const std::string& text : requirement.values) item.member("values").push_back(text);
    expressions.push_back(std::move(item));
  }
  return expressions.empty() ? Json() : Json::object({{"matchExpressions", expressions}});
}

}  // namespace field_io

template <class Io>
void fields(Io& io, OwnerReference& x) {
  io.field("apiVersion", x.api_version);
  io.field("kind", x.kind);
  io.field("name", x.name);
  io.field("uid", x.uid);
  io.field("controller", x.controller);
  io.field("blockOwnerDeletion", x.block_owner_deletion);
}

template <class Io>
void fields(Io& io, ObjectMeta& x) {
  io.field("name", x.name);
  io.field("generateName", x.generate_name);
  io.field("namespace", x.namespace_name);
  io.field("uid", x.uid);
  io.field("resourceVersion", x.resource_version);
  io.field("generation", x.generation);
  io.field("creationTimestamp", x.creation_timestamp);
  io.field("deletionTimestamp", x.deletion_timestamp);
  io.field("labels", x.labels);
  io.field("annotations", x.annotations);
  io.field("finalizers", x.finalizers);
  io.field("ownerReferences", x.owner_references);
}

template <class Io>
void fields(Io& io, Condition& x) {
  io.field("type", x.type);
  io.field("status", x.status);
  io.field("reason", x.reason);
  io.field("message", x.message);
  io.field("observedGeneration", x.observed_generation);
  io.field("lastTransitionTime", x.last_transition_time);
}

namespace v1alpha1 {

template <class Io>
void fields(Io& io, NamespacedRef& x) {
  io.field("name", x.name);
  io.field("namespace", x.namespace_name);
}

template <class Io>
void fields(Io& io, SecretKeyRef& x) {
  io.field("name", x.name);
  io.field("key", x.key);
}

template <class Io>
void fields(Io& io, CloudThing& x) {
  io.field("id", x.id);
  io.field("name", x.name);
}

template <class Io>
void fields(Io& io, NetworkAttachment& x) {
  io.field("name", x.name);
  io.field("network", x.network);
  io.field("securityGroups", x.security_groups);
  io.field("scrape", x.scrape);
}

template <class Io>
void fields(Io& io, UserData& x) {
  io.field("inline", x.inline_text);
  io.field("secretRef", x.secret_ref);
}

template <class Io>
void fields(Io& io, ServerTemplate& x) {
  io.field("image", x.image);
  io.field("flavors", x.flavors);
  io.field("networks", x.networks);
  io.field("keyName", x.key_name);
  io.field("userData", x.user_data);
  io.field("metadata", x.metadata);
}

template <class Io>
void fields(Io& io, AgentInstall& x) {
  io.field("method", x.method);
  io.field("image", x.image);
  io.field("url", x.url);
  io.field("sha256", x.sha256);
}

template <class Io>
void fields(Io& io, AgentSpec& x) {
  io.field("name", x.name);
  io.field("install", x.install);
  io.field("version", x.version);
  io.field("port", x.port);
  io.field("extraArgs", x.extra_args);
}

// A number of Instances or a percentage: "20%" stays text, 2 is a JSON integer.
class PercentOrInt {
 public:
  explicit PercentOrInt(std::string& text) : text_(text) {}
  template <class Io>
  void field(Io& io, std::string_view name) {
    if constexpr (std::is_same_v<Io, field_io::Reader>) {
      io.integer_or_text(name, text_);
    } else {
      const bool number = !text_.empty() && text_.find_first_not_of("0123456789") == text_.npos;
      if (number) {
        io.field(name, std::int64_t{std::stoll(text_)});
      } else {
        io.field(name, text_);
      }
    }
  }

 private:
  std::string& text_;
};

template <class Io>
void fields(Io& io, RemediationSpec& x) {
  io.field("enabled", x.enabled);
  io.field("unhealthyAfterSeconds", x.unhealthy_after_seconds);
  io.field("startupTimeoutSeconds", x.startup_timeout_seconds);
  io.field("stepTimeoutSeconds", x.step_timeout_seconds);
  io.field("steps", x.steps);
  PercentOrInt(x.max_unhealthy).field(io, "maxUnhealthy");
  io.field("maxInFlight", x.max_in_flight);
  io.field("maxRetries", x.max_retries);
}

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
void fields(Io& io, CloudSpec& x) {
  io.field("type", x.type);
  io.field("credentials", x.credentials);
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
void fields(Io& io, CloudStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("identity", x.identity);
  io.field("tokenExpiresAt", x.token_expires_at);
  io.field("quota", x.quota);
  io.field("services", x.services);
  io.field("servers", x.servers);
  io.field("instancesSummary", x.instances_summary);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

template <class Io>
void fields(Io& io, MetricsBackendSpec& x) {
  io.field("type", x.type);
  io.field("url", x.url);
  io.field("allowedNamespaces", x.allowed_namespaces);
  io.nested("targets", [&](Io& inner) {
    inner.field("type", x.targets_type);
    inner.field("directory", x.targets_directory);
  });
  io.nested("rules", [&](Io& inner) {
    inner.field("directory", x.rules_directory);
    inner.field("reload", x.rules_reload);
  });
  io.field("verifySeconds", x.verify_seconds);
  io.nested("queryLimits",
            [&](Io& inner) { inner.field("timeoutSeconds", x.query_timeout_seconds); });
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
}

template <class Io>
void fields(Io& io, ServiceSpec& x) {
  io.field("cloudRef", x.cloud_ref);
  io.field("projectID", x.project_id);
  io.field("paused", x.paused);
  io.field("replicas", x.replicas);
  io.nested("template", [&](Io& inner) {
    inner.nested("metadata", [&](Io& metadata) { metadata.field("labels", x.template_labels); });
    inner.field("spec", x.template_spec);
  });
  io.field("rollout", x.rollout);
  io.field("remediation", x.remediation);
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
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

template <class Io>
void fields(Io& io, InstanceSpec& x) {
  io.field("cloudRef", x.cloud_ref);
  io.field("serviceName", x.service_name);
  io.field("projectID", x.project_id);
  io.field("server", x.server);
  io.field("agents", x.agents);
  io.field("remediation", x.remediation);
}

template <class Io>
void fields(Io& io, Claim& x) {
  io.field("token", x.token);
  io.field("state", x.state);
  io.field("since", x.since);
  io.field("attempts", x.attempts);
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
void fields(Io& io, OwnedResource& x) {
  io.field("kind", x.kind);
  io.field("id", x.id);
  io.field("name", x.name);
  io.field("state", x.state);
}

template <class Io>
void fields(Io& io, InstanceAddress& x) {
  io.field("type", x.type);
  io.field("address", x.address);
  io.field("network", x.network);
}

template <class Io>
void fields(Io& io, ResolvedThings& x) {
  io.field("imageID", x.image_id);
  io.field("flavorID", x.flavor_id);
  io.field("at", x.at);
}

template <class Io>
void fields(Io& io, BootstrapStatus& x) {
  io.field("state", x.state);
  io.field("durationSeconds", x.duration_seconds);
}

template <class Io>
void fields(Io& io, AgentStatus& x) {
  io.field("name", x.name);
  io.field("state", x.state);
  io.field("version", x.version);
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
  io.field("resolved", x.resolved);
  io.field("bootstrap", x.bootstrap);
  io.field("bootedAt", x.booted_at);
  io.field("agents", x.agents);
  io.field("agentsSummary", x.agents_summary);
  io.field("scraped", x.scraped);
  io.field("remediation", x.remediation);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

template <class Io>
void fields(Io& io, ScrapeSpec& x) {
  io.field("interval", x.interval);
  io.field("timeout", x.timeout);
  io.field("targetLabels", x.target_labels);
}

template <class Io>
void fields(Io& io, RuleSpec& x) {
  io.field("alert", x.alert);
  io.field("record", x.record);
  io.field("expr", x.expr);
  io.field("for", x.for_duration);
  io.field("labels", x.labels);
  io.field("annotations", x.annotations);
}

template <class Io>
void fields(Io& io, RuleGroupSpec& x) {
  io.field("name", x.name);
  io.field("interval", x.interval);
  io.field("rules", x.rules);
}

template <class Io>
void fields(Io& io, MonitoringPolicySpec& x) {
  io.field("serviceSelector", x.service_selector);
  io.field("namespaceSelector", x.namespace_selector);
  io.field("priority", x.priority);
  io.field("backendRef", x.backend_ref);
  io.field("agents", x.agents);
  io.field("scrape", x.scrape);
  io.nested("metrics", [&](Io& inner) { inner.field("mapping", x.metrics_mapping); });
  io.nested("rules", [&](Io& inner) { inner.field("groups", x.rule_groups); });
}

template <class Io>
void fields(Io& io, PolicyRuleStatus& x) {
  io.field("ref", x.ref);
  io.field("name", x.name);
  io.field("state", x.state);
  io.field("health", x.health);
  io.field("lastError", x.last_error);
  io.field("firing", x.firing);
}

template <class Io>
void fields(Io& io, PolicyBinding& x) {
  io.field("service", x.service);
  io.field("backend", x.backend);
}

template <class Io>
void fields(Io& io, PolicyServices& x) {
  io.field("matched", x.matched);
  io.field("applied", x.applied);
}

template <class Io>
void fields(Io& io, PolicyTargets& x) {
  io.field("desired", x.desired);
  io.field("up", x.up);
}

template <class Io>
void fields(Io& io, MonitoringPolicyStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("services", x.services);
  io.field("servicesSummary", x.services_summary);
  io.field("targets", x.targets);
  io.field("targetsSummary", x.targets_summary);
  io.field("rulesSummary", x.rules_summary);
  io.field("firing", x.firing);
  io.field("rules", x.rules);
  io.field("bindings", x.bindings);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

}  // namespace v1alpha1

namespace {

template <class Kind>
Json encode_object(const Kind& value) {
  Json object;
  field_io::Writer writer(object);
  writer.field("apiVersion", Kind::kGvk.api_version());
  writer.field("kind", std::string(Kind::kGvk.kind));
  writer.field("metadata", value.metadata);
  writer.field("spec", value.spec);
  writer.field("status", value.status);
  return object;
}

template <class T>
Json encode_member(const T& value) {
  Json object;
  field_io::Writer writer(object);
  writer.field("value", value);
  return object["value"];
}

}  // namespace

Json encode(const ObjectMeta& metadata) {
  return encode_member(metadata);
}
Json encode(const v1alpha1::ServerTemplate& value) {
  return encode_member(value);
}
Json encode(const std::vector<v1alpha1::AgentSpec>& value) {
  return encode_member(value);
}
Json encode(const v1alpha1::Cloud& value) {
  return encode_object(value);
}
Json encode(const v1alpha1::MetricsBackend& value) {
  return encode_object(value);
}
Json encode(const v1alpha1::Service& value) {
  return encode_object(value);
}
Json encode(const v1alpha1::Instance& value) {
  return encode_object(value);
}
Json encode(const v1alpha1::MonitoringPolicy& value) {
  return encode_object(value);
}

Result<ObjectMeta> decode_metadata(const Json& metadata) {
  ObjectMeta value;
  std::optional<Error> error;
  field_io::Reader reader(metadata, "metadata", error);
  fields(reader, value);
  if (error) return std::unexpected(*std::move(error));
  return value;
}

template <class Kind>
Result<Kind> decode(const Json& object) {
  Kind value;
  std::optional<Error> error;
  field_io::Reader reader(object, "", error);
  reader.field("metadata", value.metadata);
  reader.field("spec", value.spec);
  reader.field("status", value.status);
  if (error) return std::unexpected(*std::move(error));
  return value;
}

template Result<v1alpha1::Cloud> decode(const Json&);
template Result<v1alpha1::MetricsBackend> decode(const Json&);
template Result<v1alpha1::Service> decode(const Json&);
template Result<v1alpha1::Instance> decode(const Json&);
template Result<v1alpha1::MonitoringPolicy> decode(const Json&);

}  // namespace clickdeploy::api
