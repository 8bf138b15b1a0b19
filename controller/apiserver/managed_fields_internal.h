// metadata.managedFields: who owns which field. Every write keeps it up.

#pragma once

#include "api/schema/field_error.h"
#include "api/scheme.h"
#include "controller/apiserver/field_changes_internal.h"
#include "controller/base/json.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::apiserver {

inline constexpr std::size_t kManagerBytesMax = 128;
inline constexpr std::size_t kFinalizersMax = 1'000;
inline constexpr std::size_t kOwnerReferencesMax = 1'000;
inline constexpr std::size_t kManagedFieldsMax = 200;
inline constexpr std::size_t kManagedFieldsValuesMax = 20'000;

// Who writes.
struct Writer {
  std::string manager;      // "" is shown as "unknown"
  std::string subresource;  // "", "status", "scale"
  std::string time;         // now, RFC 3339; "" leaves a new entry without
  bool applied = false;     // the object's managedFields are made already, by an apply
};

// One entry, taken apart. Two entries are of one owner if all but `time` and `fields` are equal;
// of an Apply entry the version does not count.
struct FieldOwner {
  std::string manager;
  bool applied = false;  // operation Apply, else Update
  std::string api_version;
  std::string subresource;
  std::string time;  // "" if it has none
  FieldSet fields = Json::object();

  bool is_same_owner(const FieldOwner& other) const;
  // `"other" with subresource "scale" using clickdeploy.io/v1alpha1`: as conflicts name it.
  std::string shown() const;
  // Orders owners as Kubernetes does where nothing else decides.
  std::string sort_key() const;
};
using FieldOwners = std::vector<FieldOwner>;

// The name for a write without one: the User-Agent up to the first slash, what is printable of it.
std::string manager_of_agent(std::string_view user_agent);
// What is wrong with a manager's name; nothing if it is fine.
api::FieldErrors manager_problems(std::string_view manager, const std::string& path);
// Lists of the metadata that are longer than anybody needs, and managedFields from a client that
// say more than any object has. What is stored already may stay. Cheap: for before all other work,
// which takes time for each of them.
api::FieldErrors count_problems(const Json& metadata, const Json& old_metadata);
// What is wrong with managedFields that can be read.
api::FieldErrors managed_fields_problems(const Json& managed_fields);

// Entries that a client wrote; nullopt if one of them is not well formed.
std::optional<FieldOwners> read_owners(const Json& managed_fields);
// Entries that are stored: those are ours.
FieldOwners adopt_owners(Json managed_fields);
// Sorted: Apply before Update, then by time, manager, version, subresource.
Json write_owners(FieldOwners owners);

// The part of a set that a write through this subresource can own at all.
FieldSet reachable(const api::ResourceInfo& info, std::string_view subresource, FieldSet set);
// Without what is never owned: apiVersion, kind, name, uid and the like.
FieldSet without_identity(FieldSet set);

// Brings metadata.managedFields of `object` up to date after any write but an apply. On entry it
// holds what the client sent, for a subresource what was stored. `old` is null for a create. An
// object that is not tracked stays so.
void track_update(const api::ResourceInfo& info, const Writer& writer, const Json* old,
                  Json& object);

// The parts of it that an apply does too. What `changes` took leaves all other owners, and the
// writer owns what it wrote.
void record_update(const api::ResourceInfo& info, const Writer& writer, const FieldChanges& changes,
                   FieldOwners& owners);
// Owners without fields go, and those of versions that are not served.
void drop_void_owners(const api::ResourceInfo& info, FieldOwners& owners);
// At most ten Update entries stay; older ones become one entry of the manager ancient-changes.
void cap_owners(FieldOwners& owners);
// nullptr if there is none.
FieldOwner* find_owner(FieldOwners& owners, const FieldOwner& like);
// What a new object is compared with: nothing but its kind, and what the server itself fills in.
Json blank_object(const api::ResourceInfo& info, const Json& object);

// For a write that changes no field: where nothing but times differs in managedFields either, the
// old times stay.
void keep_times(const Json& old, Json& object);

}  // namespace clickdeploy::apiserver
