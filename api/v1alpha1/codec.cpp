#include "api/v1alpha1/codec.h"

#include "api/v1alpha1/kind_fields_internal.h"
#include "api/v1alpha1/policy_fields_internal.h"

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
  const field_io::Path path{.name = "metadata"};
  field_io::Reader reader(metadata, path, error);
  fields(reader, value);
  if (error) return std::unexpected(*std::move(error));
  return value;
}

template <class Kind>
Result<Kind> decode(const Json& object) {
  Kind value;
  std::optional<Error> error;
  const field_io::Path path;
  field_io::Reader reader(object, path, error);
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
