// FieldSet: a set of fields of an object, in the very form in which managedFields shows one.
//
// A set is a trie of JSON objects. Its keys are `f:NAME` (a member of an object), `k:{…}` (an
// item of a list of type map, by its keys), `v:VALUE` (an item of a list of type set) and `i:N`.
// A field is in the set if its node is empty or has the key `.`; other nodes only lead deeper.
// Sets made here are canonical: no node without a field in or below it, and `.` only beside other
// keys. So equal sets are equal JSON, and reading or writing one costs nothing.
//
// The root stands for the whole object, which is never a field itself: {} is the empty set.

#pragma once

#include "controller/base/json.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::apiserver {

using FieldSet = Json;

std::string field_key(std::string_view name);  // f:NAME
std::string value_key(const Json& value);      // v:VALUE
std::string item_key(const Json& keys);        // k:{"name":"A"}

// The node below `key`, nullptr if the set has nothing there. For nodes other than the root:
bool is_member(const FieldSet& node);

// A set under construction: its children in any order; of equal keys the last one counts.
using FieldNodes = std::vector<JsonObject::Member>;
// Adds a child; nothing if it is no member and has no fields.
void add_node(FieldNodes& nodes, std::string key, bool member, FieldSet children);
FieldSet make_set(FieldNodes nodes);

FieldSet unite(const FieldSet& a, const FieldSet& b);
FieldSet intersect(const FieldSet& a, const FieldSet& b);
// Fields of `a` that are not in `b`. A parent in `b` does not take its children along.
FieldSet subtract(const FieldSet& a, const FieldSet& b);
bool has_common(const FieldSet& a, const FieldSet& b);
bool covers(const FieldSet& a, const FieldSet& b);  // every field of `b` is in `a`

// Reads a set that a client wrote; nullopt if a key has none of the four forms.
std::optional<FieldSet> read_field_set(const Json& fields_v1);

// Every field, those of one level before deeper ones: by the keys on its way.
void each_field(const FieldSet& set,
                const std::function<void(const std::vector<std::string>& keys)>& visit);

// As conflict messages name a field: .spec.env[name="A"].value, .spec.zones[="z1"].
std::string path_text(const std::vector<std::string>& keys);
std::string key_text(std::string_view key);

}  // namespace clickdeploy::apiserver
