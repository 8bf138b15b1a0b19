// How objects of Kubernetes' own kinds are read: into Go structs with types. A value of another
// type is not a matter of validation there, but a body that cannot be read: the words are those of
// Go's decoder.

#pragma once

#include "api/scheme.h"

#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

// A value that does not fit where it stands.
struct Misfit {
  std::string decoded;  // as the decoder of bodies puts it: "json: cannot unmarshal number into …"
  std::string converted;  // as a strategic merge patch puts it: "cannot convert int64 to string"
};

// The first misfit beside metadata, by the kind's schema. A null in a map of texts becomes "", as
// Go reads it.
std::optional<Misfit> find_misfit(const api::ResourceInfo& info, Json& object);

// What Go's decoder calls the type of a value: "number", "object".
std::string_view json_kind(const Json& value);

// A value as Go prints it: map[data:map[a:5]].
std::string go_text(const Json& value);

}  // namespace clickdeploy::apiserver
