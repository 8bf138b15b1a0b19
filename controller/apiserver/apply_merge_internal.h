// What server-side apply does to the object itself: the applied fields go in, and fields that the
// manager gave up go out.

#pragma once

#include "controller/apiserver/field_set_internal.h"
#include "controller/apiserver/field_type_internal.h"

#include <string>

namespace clickdeploy::apiserver {

// Why `value` cannot be of the type, as the structured merge of Kubernetes words it; empty if it
// can. Several problems are one text of several lines. `hide`: wrong values are not shown.
std::string type_problems(FieldType type, const Json& value, bool hide = false);

// `live` with what `applied` says put in. Maps merge by key and keyed lists by item: items of
// `applied` come in its order, the others keep their places. All else is replaced.
Json merge_applied(FieldType type, const Json& live, const Json& applied);

// The value without the fields of the set and all that is below them. An object or list that
// becomes empty by that goes too.
Json without_fields(FieldType type, const Json& value, const FieldSet& set);

// `merged` without what its manager applied last time (`last`) and nobody owns now (`owned`, which
// has the fields applied this time).
Json prune_given_up(FieldType type, const Json& merged, const FieldSet& last,
                    const FieldSet& owned);

}  // namespace clickdeploy::apiserver
