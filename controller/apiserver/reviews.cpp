#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/reviews_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <utility>

namespace clickdeploy::apiserver {
namespace {

Json allow_everything() {
  const Json all = Json::array({"*"});
  Json resource_rule = Json::object({{"verbs", all}, {"apiGroups", all}, {"resources", all}});
  Json path_rule = Json::object({{"verbs", all}, {"nonResourceURLs", all}});
  return Json::object({{"resourceRules", Json::array({std::move(resource_rule)})},
                       {"nonResourceRules", Json::array({std::move(path_rule)})},
                       {"incomplete", false}});
}

Json anonymous_user() {
  return Json::object(
      {{"username", "system:anonymous"}, {"groups", Json::array({"system:unauthenticated"})}});
}

}  // namespace

std::optional<Answer<http::Reply>> reply_review(const Core& core, const ApiRequest& request) {
  const std::string path = "/" + join(request.segments, "/");
  Json status = Json::object();
  std::string kind;
  if (path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
    kind = "SelfSubjectAccessReview";
    status.set("allowed", true);
  } else if (path == "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews") {
    kind = "SelfSubjectRulesReview";
    status = allow_everything();
  } else if (path == "/apis/authentication.k8s.io/v1/selfsubjectreviews") {
    kind = "SelfSubjectReview";
    status.set("userInfo", anonymous_user());
  } else {
    return std::nullopt;
  }
  const ObjectName name{request.segments[1], request.segments[3], ""};
  if (request.method != "POST") {
    return method_not_allowed(to_lower(request.method), name);
  }
  const std::string type = request.media_type();
  const bool yaml = type == "application/yaml";
  const bool protobuf = type == kProtobufMediaType;
  if (!yaml && !protobuf && !type.empty() && type != "application/json") {
    return unsupported_media_type(kBodyMediaTypes);
  }
  Result<Json> body = protobuf ? decode_proto_body(request.body)
                      : yaml   ? parse_single_yaml(request.body)
                               : parse_json(request.body);
  if (!body || (*body)["kind"].as_string() != kind) {
    return bad_request("the object provided is unrecognized (must be of type " + kind + ")");
  }
  Json review = Json::object(
      {{"apiVersion", request.segments[1] + "/v1"}, {"kind", kind}, {"status", std::move(status)}});
  review.set("metadata", Json::object({{"creationTimestamp", format_time(core.clock.wall_now())}}));
  review.set("spec", (*body)["spec"].is_object() ? (*body)["spec"] : Json::object());
  Call call;
  call.request = request;
  return reply_json(call, 201, to_json(review));
}

}  // namespace clickdeploy::apiserver
