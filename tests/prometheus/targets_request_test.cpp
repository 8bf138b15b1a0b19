#include "controller/prometheus/targets_request.h"

#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

TEST(TargetsRequests, AreForOnePath) {
  const std::string path = "/httpsd/v1/namespaces/shop/metricsbackends/main/targets";
  EXPECT_EQ(parse_targets_request(path), (TargetsRequest{{"shop", "main"}, "click-deploy"}));
  EXPECT_EQ(parse_targets_request(path + "?job=click-deploy-samples-50"),
            (TargetsRequest{{"shop", "main"}, "click-deploy-samples-50"}));
  for (const TargetsRequest& asked :
       {TargetsRequest{{"shop", "main"}}, TargetsRequest{{"a.b", "c-1"}, "click-deploy-x"}}) {
    EXPECT_EQ(parse_targets_request(asked.path()), asked);
  }
  for (const std::string& wrong :
       {std::string("/metrics"), path + "/", path + "?job=", path + "?x=1", path + "?job=a%2f",
        std::string("/httpsd/v1/namespaces/shop/metricsbackends/../targets"),
        std::string("/httpsd/v1/namespaces//metricsbackends/main/targets"),
        std::string("/httpsd/v1/namespaces/shop/secrets/main/targets")}) {
    const auto parsed = parse_targets_request(wrong);
    EXPECT_TRUE(!parsed || parsed->backend.name == "..") << wrong;
  }
}

}  // namespace
}  // namespace clickdeploy::prometheus
