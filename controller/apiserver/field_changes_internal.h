// Which fields an object has, and which a write touched.

#pragma once

#include "controller/apiserver/field_set_internal.h"
#include "controller/apiserver/field_type_internal.h"

namespace clickdeploy::apiserver {

// The fields that a value speaks of: its leaves, the items of its map lists, the keys of its maps,
// and what is empty or null. Not the objects that a schema names: those are there by their fields.
FieldSet fields_of(FieldType type, const Json& value);

struct FieldChanges {
  FieldSet written = Json::object();  // new or with another value
  FieldSet removed = Json::object();
};
// What turns `from` into `to`. Objects and lists that came into being or went are fields too.
FieldChanges compare_fields(FieldType type, const Json& from, const Json& to);

// The set with each object that the schema names and that has fields in the set.
FieldSet with_named_parents(FieldType type, const FieldSet& set);

// The set under today's schema: what became atomic since is one field.
FieldSet settle_fields(FieldType type, const FieldSet& set);

}  // namespace clickdeploy::apiserver
