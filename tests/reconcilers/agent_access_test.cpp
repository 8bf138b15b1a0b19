#include "controller/reconcilers/instance/agent_access.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

// Whoever writes an Instance must not have another Secret of the policy's namespace sent to it.
TEST(AgentAccess, IsOfWhatThePolicyItselfNames) {
  api::v1alpha1::MonitoringPolicy policy = sample_policy();
  policy.spec.agents[0].basic_secret = "agents";
  api::v1alpha1::AgentSpec spec = policy.spec.agents[0];
  EXPECT_TRUE(check_named_by_policy(policy, spec));
  spec.version = "1.4.0";  // of no matter here
  EXPECT_TRUE(check_named_by_policy(policy, spec));
  spec.basic_secret = "prometheus-login";
  EXPECT_FALSE(check_named_by_policy(policy, spec));
  spec = policy.spec.agents[0];
  spec.tls = api::v1alpha1::AgentTls{.mode = "Server", .certificate_secret = "other"};
  EXPECT_FALSE(check_named_by_policy(policy, spec));
  spec = policy.spec.agents[0];
  spec.name = "mine";
  EXPECT_FALSE(check_named_by_policy(policy, spec));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
