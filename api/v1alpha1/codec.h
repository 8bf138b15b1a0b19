// The JSON form of the kinds. decode() takes an object that passed the schema, as the API server
// stores it: fields that are absent keep their default, unknown ones are ignored, and a value of a
// wrong type is InvalidArgument with its path. decode(encode(x)) == x.
//
// encode() leaves out empty strings, lists and maps.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/metrics_backend.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

namespace clickdeploy::api {

Json encode(const ObjectMeta& metadata);
Result<ObjectMeta> decode_metadata(const Json& metadata);
Json encode(const v1alpha1::ServerTemplate& value);
Json encode(const std::vector<v1alpha1::AgentSpec>& value);

Json encode(const v1alpha1::Cloud& value);
Json encode(const v1alpha1::MetricsBackend& value);
Json encode(const v1alpha1::Service& value);
Json encode(const v1alpha1::Instance& value);
Json encode(const v1alpha1::MonitoringPolicy& value);

// decode<v1alpha1::Service>(json); for the five kinds.
template <class Kind>
Result<Kind> decode(const Json& object);

extern template Result<v1alpha1::Cloud> decode(const Json&);
extern template Result<v1alpha1::MetricsBackend> decode(const Json&);
extern template Result<v1alpha1::Service> decode(const Json&);
extern template Result<v1alpha1::Instance> decode(const Json&);
extern template Result<v1alpha1::MonitoringPolicy> decode(const Json&);

}  // namespace clickdeploy::api
