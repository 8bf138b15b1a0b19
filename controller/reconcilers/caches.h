// Caches: one informer per kind that the reconcilers read.
//
// Lifetime: outlives every reconciler. Threads: the event loop's.

#pragma once

#include "controller/runtime/reflector.h"

namespace clickdeploy::reconcilers {

struct Caches {
  Caches(client::Client& client, Clock& clock, Random& random)
      : clouds(client, clock, random, client::ResourcePath::of(api::v1alpha1::Cloud::kGvk)),
        backends(client, clock, random,
                 client::ResourcePath::of(api::v1alpha1::MetricsBackend::kGvk)),
        services(client, clock, random, client::ResourcePath::of(api::v1alpha1::Service::kGvk)),
        instances(client, clock, random, client::ResourcePath::of(api::v1alpha1::Instance::kGvk)),
        policies(client, clock, random,
                 client::ResourcePath::of(api::v1alpha1::MonitoringPolicy::kGvk)),
        secrets(client, clock, random, {"", "v1", "secrets"}),
        namespaces(client, clock, random, {"", "v1", "namespaces"}) {}

  runtime::Informer<api::v1alpha1::Cloud> clouds;
  runtime::Informer<api::v1alpha1::MetricsBackend> backends;
  runtime::Informer<api::v1alpha1::Service> services;
  runtime::Informer<api::v1alpha1::Instance> instances;
  runtime::Informer<api::v1alpha1::MonitoringPolicy> policies;
  runtime::Informer<Json> secrets;
  runtime::Informer<Json> namespaces;

  // Labels of a namespace; empty if it is not known.
  std::map<std::string, std::string> namespace_labels(const std::string& name) const;

  // One key of a Secret, decoded. NotFound names what is missing; InvalidArgument if it is not
  // base64.
  Result<SecretString> secret_value(const std::string& namespace_name,
                                    const api::v1alpha1::SecretKeyRef& ref) const;

  // May objects of `from` refer to one in `home` that allows these namespaces?
  bool reference_allowed(const std::string& from, const std::string& home,
                         const std::optional<api::LabelSelector>& allowed) const;
};

}  // namespace clickdeploy::reconcilers
