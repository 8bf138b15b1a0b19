// ObjectMeta as the API accepts it: types, unknown fields, and what Kubernetes validates.

#pragma once

#include "api/schema/field_error.h"
#include "controller/base/error.h"
#include "controller/base/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

enum class NameRule : std::uint8_t {
  DnsSubdomain,  // most kinds: at most 253 characters, dots allowed
  DnsLabel,      // Namespace: at most 63 characters, no dots
};

// Reads `metadata` as the typed ObjectMeta: drops members that ObjectMeta does not have, nulls,
// and selfLink. The paths dropped as unknown ("metadata.bogus") are appended to `unknown_paths`.
// InvalidArgument where a member has the wrong JSON type, with the message Go's decoder gives:
//   json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string
Result<void> decode_metadata(Json& metadata, std::vector<std::string>* unknown_paths);

// Of an object about to be stored. generateName is already turned into a name, if the server could.
FieldErrors validate_metadata(const Json& metadata, NameRule rule, bool namespaced);

// What an update may not do to metadata: today, add finalizers while the object is being deleted.
FieldErrors validate_metadata_update(const Json& metadata, const Json& old_metadata);

// Texts of Warning headers: finalizers without a domain.
std::vector<std::string> metadata_warnings(const Json& metadata);

// The parts, for other users. Each gives the text after "Invalid value: …: ", or nothing if fine.
std::vector<std::string> dns_subdomain_problems(std::string_view name);
std::vector<std::string> dns_label_problems(std::string_view name);
std::vector<std::string> qualified_name_problems(std::string_view key);
std::vector<std::string> label_value_problems(std::string_view value);

// Labels below `path`, as in metadata.labels. Values must be strings already.
FieldErrors validate_labels(const Json& labels, std::string_view path);

}  // namespace clickdeploy::api
