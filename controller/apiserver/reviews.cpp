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

// Nobody signs in, and everybody may do everything: also be somebody else.
Json user_of(const ApiRequest& request) {
  const std::string name = request.header("Impersonate-User");
  if (name.empty()) {
    return Json::object(
        {{"username", "system:anonymous"}, {"groups", Json::array({"system:unauthenticated"})}});
  }
  Json groups = Json::array();
  for (const http::Header& header : request.headers) {
    if (to_lower(header.name) == "impersonate-group") groups.push_back(Json(header.value));
  }
  groups.push_back(Json("system:authenticated"));
  Json user = Json::object({{"username", name}, {"groups", std::move(groups)}});
  const std::string uid = request.header("Impersonate-Uid");
  if (!uid.empty()) user.set("uid", uid);
  return user;
}

struct Review {
  std::string_view kind;
  Json status;
  bool has_spec = true;
};

// nullopt: the path is none of a review. kubectl 1.27 asks for older versions of one.
std::optional<Review> find_review(const ApiRequest& request) {
  const std::vector<std::string>& path = request.segments;
  if (path.size() != 4 || path[0] != "apis") return std::nullopt;
  const std::string& resource = path[3];
  if (path[1] == "authentication.k8s.io" && resource == "selfsubjectreviews") {
    if (path[2] != "v1" && path[2] != "v1beta1" && path[2] != "v1alpha1") return std::nullopt;
    return Review{"SelfSubjectReview", Json::object({{"userInfo", user_of(request)}}), false};
  }
  if (path[1] != "authorization.k8s.io" || path[2] != "v1") return std::nullopt;
  if (resource == "selfsubjectaccessreviews") {
    return Review{"SelfSubjectAccessReview", Json::object({{"allowed", true}})};
  }
  if (resource == "selfsubjectrulesreviews") {
    return Review{"SelfSubjectRulesReview", allow_everything()};
  }
  return std::nullopt;
}

Result<Json> read_body(const ApiRequest& request, const std::string& media_type) {
  if (media_type == kProtobufMediaType) return decode_proto_body(request.body);
  if (media_type == "application/yaml") return parse_single_yaml(request.body);
  return parse_json(request.body);
}

}  // namespace

std::optional<Answer<http::Reply>> reply_review(const Core& core, const ApiRequest& request) {
  std::optional<Review> review = find_review(request);
  if (!review) return std::nullopt;
  const ObjectName name{request.segments[1], request.segments[3], ""};
  if (request.method != "POST") {
    return method_not_allowed(to_lower(request.method), name);
  }
  const std::string type = request.media_type();
  if (!type.empty() && type != "application/json" && type != "application/yaml" &&
      type != kProtobufMediaType) {
    return unsupported_media_type(kBodyMediaTypes);
  }
  Result<Json> body = read_body(request, type);
  if (!body || !body->is_object() || (*body)["kind"].as_string(review->kind) != review->kind) {
    return bad_request("the object provided is unrecognized (must be of type " +
                       std::string(review->kind) + ")");
  }
  Json answer = Json::object({{"apiVersion", request.segments[1] + "/" + request.segments[2]},
                              {"kind", review->kind},
                              {"metadata", Json::object()},
                              {"status", std::move(review->status)}});
  if (review->has_spec) {
    answer.set("spec", (*body)["spec"].is_object() ? (*body)["spec"] : Json::object());
  } else {
    answer.member("metadata").set("creationTimestamp", format_time(core.clock.wall_now()));
  }
  Call call;
  call.request = request;
  return reply_json(call, 201, to_json(answer));
}

}  // namespace clickdeploy::apiserver
