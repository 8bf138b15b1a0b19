// The chain from a spec to a scraped sample and a loaded rule, link by link, each with its
// evidence: what `clickctl why` tells. Pure: objects in, links out.

#pragma once

#include "api/v1alpha1/codec.h"
#include "controller/base/text.h"

#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::cli {

enum class LinkState : std::uint8_t {
  Holds,
  Broken,
  Unknown,  // nobody could observe it, or not yet
};

struct Chain;

struct Link {
  std::string name;  // "cloud ready"
  LinkState state = LinkState::Unknown;
  std::string evidence;        // for people
  std::string reason;          // one word; "" where there is none
  std::string since;           // RFC 3339; "" where it is not known
  std::string next;            // what to do; "" if it holds
  std::vector<Chain> details;  // the chains of the parts that break it
};

struct Chain {
  std::string title;  // "service.clickdeploy.io/web in namespace shop"
  std::vector<Link> links;

  // The first link that does not hold: those behind it depend on it. nullptr if all hold.
  const Link* first_broken() const;
};

// What else was read; absent where it does not exist.
struct ServiceFacts {
  api::v1alpha1::Service service;
  std::optional<api::v1alpha1::Cloud> cloud;
  std::vector<api::v1alpha1::Instance> instances;
  std::optional<api::v1alpha1::MonitoringPolicy> policy;  // the one that applies
  std::optional<api::v1alpha1::MetricsBackend> backend;   // the policy's
  WallTime now;
};

struct InstanceFacts {
  api::v1alpha1::Instance instance;
  std::optional<api::v1alpha1::Cloud> cloud;
  std::optional<api::v1alpha1::MonitoringPolicy> policy;
  std::optional<api::v1alpha1::MetricsBackend> backend;
  WallTime now;
};

struct PolicyFacts {
  api::v1alpha1::MonitoringPolicy policy;
  std::optional<api::v1alpha1::MetricsBackend> backend;
};

struct RuleFacts {
  api::v1alpha1::MonitoringPolicy policy;
  api::v1alpha1::PolicyRuleStatus rule;  // one of the policy's
  std::optional<api::v1alpha1::MetricsBackend> backend;
};

Chain explain_service(const ServiceFacts& facts);
Chain explain_instance(const InstanceFacts& facts);
Chain explain_policy(const PolicyFacts& facts);
Chain explain_rule(const RuleFacts& facts);
Chain explain_backend(const api::v1alpha1::MetricsBackend& backend);
Chain explain_cloud(const api::v1alpha1::Cloud& cloud);

}  // namespace clickdeploy::cli
