// The wire names of metadata and of the parts that several kinds share.

#pragma once

#include "api/v1alpha1/common.h"
#include "api/v1alpha1/field_io_internal.h"

#include <string>
#include <string_view>

namespace clickdeploy::api {

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
void fields(Io& io, SshSpec& x) {
  io.field("user", x.user);
  io.field("keySecretRef", x.key);
  io.field("port", x.port);
}

template <class Io>
void fields(Io& io, ThingFilter& x) {
  io.field("properties", x.properties);
  io.field("tags", x.tags);
}

template <class Io>
void fields(Io& io, CloudThing& x) {
  io.field("id", x.id);
  io.field("name", x.name);
  io.field("filter", x.filter);
}

template <class Io>
void fields(Io& io, AddressPair& x) {
  io.field("ipAddress", x.ip_address);
  io.field("macAddress", x.mac_address);
}

template <class Io>
void fields(Io& io, NetworkAttachment& x) {
  io.field("name", x.name);
  io.field("network", x.network);
  io.field("subnet", x.subnet);
  io.field("securityGroups", x.security_groups);
  io.field("allowedAddressPairs", x.allowed_address_pairs);
  io.field("scrape", x.scrape);
}

template <class Io>
void fields(Io& io, FloatingIPSpec& x) {
  io.field("network", x.network);
  io.field("attachment", x.attachment);
}

template <class Io>
void fields(Io& io, ServerGroupSpec& x) {
  io.field("policy", x.policy);
  io.field("name", x.name);
}

template <class Io>
void fields(Io& io, VolumeSpec& x) {
  io.field("name", x.name);
  io.field("sizeGiB", x.size_gib);
  io.field("type", x.type);
  io.field("deletionPolicy", x.deletion_policy);
}

template <class Io>
void fields(Io& io, OwnedResource& x) {
  io.field("kind", x.kind);
  io.field("id", x.id);
  io.field("name", x.name);
  io.field("state", x.state);
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
  io.field("availabilityZones", x.availability_zones);
  io.field("networks", x.networks);
  io.field("floatingIP", x.floating_ip);
  io.field("rootVolume", x.root_volume);
  io.field("volumes", x.volumes);
  io.field("serverGroup", x.server_group);
  io.field("configDrive", x.config_drive);
  io.field("keyName", x.key_name);
  io.field("userData", x.user_data);
  io.field("metadata", x.metadata);
  io.field("hostSelector", x.host_selector);
}

template <class Io>
void fields(Io& io, AgentInstall& x) {
  io.field("method", x.method);
  io.field("image", x.image);
  io.field("url", x.url);
  io.field("sha256", x.sha256);
  io.field("package", x.package);
  io.field("binary", x.binary);
  io.field("unit", x.unit);
}

template <class Io>
void fields(Io& io, AgentTls& x) {
  io.field("mode", x.mode);
  io.nested("certificateSecretRef", [&](Io& inner) { inner.field("name", x.certificate_secret); });
  io.field("caSecretRef", x.ca);
  io.field("serverName", x.server_name);
}

template <class Io>
void fields(Io& io, AgentSpec& x) {
  io.field("name", x.name);
  io.field("install", x.install);
  io.field("version", x.version);
  // 0 is "the catalog's" and has no place in JSON.
  if constexpr (std::is_same_v<Io, field_io::Reader>) {
    io.field("port", x.port);
  } else if (x.port != 0) {
    io.field("port", x.port);
  }
  io.field("path", x.path);
  io.field("extraArgs", x.extra_args);
  io.nested("resources", [&](Io& inner) {
    inner.field("memoryMiB", x.memory_mib);
    inner.field("cpus", x.cpus);
  });
  io.field("tls", x.tls);
  io.nested("auth", [&](Io& auth) {
    auth.nested("basic", [&](Io& basic) {
      basic.nested("secretRef", [&](Io& inner) { inner.field("name", x.basic_secret); });
    });
  });
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

}  // namespace v1alpha1

}  // namespace clickdeploy::api
