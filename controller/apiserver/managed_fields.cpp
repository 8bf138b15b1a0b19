#include "controller/apiserver/managed_fields_internal.h"
#include "controller/base/text.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kUpdateOwnersMax = 10;
constexpr std::string_view kApply = "Apply";
constexpr std::string_view kUpdate = "Update";

// [{}] asks for the end of tracking. [] does not: clients that know nothing of managedFields write
// it so.
bool is_reset(const Json& managed_fields) {
  return managed_fields.size() == 1 && managed_fields[0].is_object() && managed_fields[0].empty();
}

std::optional<FieldOwner> read_owner(const Json& entry) {
  const std::string& operation = entry["operation"].as_string();
  if (operation != kApply && operation != kUpdate) return std::nullopt;
  if (entry["apiVersion"].as_string().empty()) return std::nullopt;
  if (entry["fieldsType"].as_string() != "FieldsV1") return std::nullopt;
  std::optional<FieldSet> fields = read_field_set(entry["fieldsV1"]);
  if (!fields) return std::nullopt;
  FieldOwner owner;
  owner.manager = entry["manager"].as_string();
  owner.applied = operation == kApply;
  owner.api_version = entry["apiVersion"].as_string();
  owner.subresource = entry["subresource"].as_string();
  owner.fields = std::move(*fields);
  if (std::optional<WallTime> time = parse_time(entry["time"].as_string())) {
    owner.time = format_time(*time);
  }
  return owner;
}

// What the client sent, or what is stored where it sent nothing that can be used.
FieldOwners choose_owners(Json sent, const Json& stored, bool subresource) {
  if (subresource || sent == stored) return adopt_owners(std::move(sent));
  if (is_reset(sent)) return {};
  std::optional<FieldOwners> owners = read_owners(sent);
  return owners && !owners->empty() ? std::move(*owners) : adopt_owners(stored);
}

// Fields that `changes` took leave the owner, but for what the writer itself wrote.
void take_from(FieldOwner& owner, const FieldChanges& changes, bool own) {
  if (has_common(owner.fields, changes.removed)) {
    owner.fields = subtract(owner.fields, changes.removed);
  }
  if (!own && has_common(owner.fields, changes.written)) {
    owner.fields = subtract(owner.fields, changes.written);
  }
}

bool is_before(const FieldOwner& a, const FieldOwner& b) {
  const auto rank = [](const FieldOwner& owner) {
    return std::tie(owner.time, owner.manager, owner.api_version, owner.subresource);
  };
  return a.applied != b.applied ? a.applied : rank(a) < rank(b);
}

bool is_older(const FieldOwner& a, const FieldOwner& b) {
  if (a.applied != b.applied) return a.applied;
  return a.time != b.time ? a.time < b.time : a.sort_key() < b.sort_key();
}

Json write_owner(FieldOwner owner) {
  std::vector<JsonObject::Member> members;
  members.reserve(7);
  members.emplace_back("apiVersion", std::move(owner.api_version));
  members.emplace_back("fieldsType", "FieldsV1");
  members.emplace_back("fieldsV1", std::move(owner.fields));
  if (!owner.manager.empty()) members.emplace_back("manager", std::move(owner.manager));
  members.emplace_back("operation", owner.applied ? kApply : kUpdate);
  if (!owner.subresource.empty()) members.emplace_back("subresource", std::move(owner.subresource));
  if (!owner.time.empty()) members.emplace_back("time", std::move(owner.time));
  return JsonObject::from_members(std::move(members));
}

bool is_same_but_time(const Json& a, const Json& b) {
  for (const std::string_view field :
       {"apiVersion", "manager", "operation", "subresource", "fieldsV1"}) {
    if (a[field] != b[field]) return false;
  }
  return true;
}

}  // namespace

bool FieldOwner::is_same_owner(const FieldOwner& other) const {
  return manager == other.manager && applied == other.applied && subresource == other.subresource &&
         (applied || api_version == other.api_version);
}

std::string FieldOwner::shown() const {
  std::string text = go_quote(manager);
  if (!subresource.empty()) text += " with subresource " + go_quote(subresource);
  if (!applied) text += " using " + api_version;
  return text;
}

// In the order of the JSON text by which Kubernetes knows an owner inside.
std::string FieldOwner::sort_key() const {
  std::string key = to_json(Json(manager));
  key += applied ? ",Apply," : ",Update," + api_version;
  return key + "," + subresource;
}

FieldOwner* find_owner(FieldOwners& owners, const FieldOwner& like) {
  const auto found = std::find_if(owners.begin(), owners.end(), [&like](const FieldOwner& owner) {
    return owner.is_same_owner(like);
  });
  return found == owners.end() ? nullptr : &*found;
}

std::optional<FieldOwners> read_owners(const Json& managed_fields) {
  FieldOwners owners;
  for (const Json& entry : managed_fields.as_array()) {
    std::optional<FieldOwner> owner = read_owner(entry);
    if (!owner) return std::nullopt;
    if (FieldOwner* earlier = find_owner(owners, *owner)) {
      *earlier = std::move(*owner);
    } else {
      owners.push_back(std::move(*owner));
    }
  }
  return owners;
}

// Stored entries are ours and canonical: they are taken apart without a look at each field.
FieldOwners adopt_owners(Json entries) {
  FieldOwners owners;
  for (Json& entry : entries.array_ref()) {
    FieldOwner owner;
    owner.manager = entry["manager"].as_string();
    owner.applied = entry["operation"].as_string() == kApply;
    owner.api_version = entry["apiVersion"].as_string();
    owner.subresource = entry["subresource"].as_string();
    owner.time = entry["time"].as_string();
    owner.fields = std::move(entry.member("fieldsV1"));
    owners.push_back(std::move(owner));
  }
  return owners;
}

Json write_owners(FieldOwners owners) {
  std::sort(owners.begin(), owners.end(), is_before);
  JsonArray entries;
  entries.reserve(owners.size());
  for (FieldOwner& owner : owners) entries.push_back(write_owner(std::move(owner)));
  return entries;
}

void track_update(const api::ResourceInfo& info, const Writer& writer, const Json* old,
                  Json& object) {
  static const Json kNone;
  Json& metadata = object.member("metadata");
  Json sent;
  if (Json* value = metadata.find("managedFields")) sent = std::move(*value);
  metadata.erase("managedFields");
  const Json& stored = old != nullptr ? (*old)["metadata"]["managedFields"] : kNone;
  FieldOwners owners = choose_owners(std::move(sent), stored, !writer.subresource.empty());
  if (old != nullptr && owners.empty()) return;

  FieldChanges changes = compare_fields(FieldType::of(info),
                                        old != nullptr ? *old : blank_object(info, object), object);
  changes.written = reachable(info, writer.subresource, std::move(changes.written));
  changes.removed = reachable(info, writer.subresource, std::move(changes.removed));
  const bool changed = !changes.written.empty() || !changes.removed.empty();
  record_update(info, writer, changes, owners);
  if (owners.empty()) return;
  object.member("metadata").set("managedFields", write_owners(std::move(owners)));
  if (old != nullptr && !changed) keep_times(*old, object);
}

void record_update(const api::ResourceInfo& info, const Writer& writer, const FieldChanges& changes,
                   FieldOwners& owners) {
  FieldOwner self;
  self.manager = writer.manager.empty() ? "unknown" : writer.manager;
  self.api_version = info.api_version();
  self.subresource = writer.subresource;
  self.time = writer.time;
  self.fields = without_identity(changes.written);
  for (FieldOwner& owner : owners) take_from(owner, changes, owner.is_same_owner(self));
  FieldOwner* present = find_owner(owners, self);
  if (!self.fields.empty() && present == nullptr) {
    owners.push_back(std::move(self));
  } else if (!self.fields.empty()) {
    if (!covers(present->fields, self.fields))
      present->fields = unite(present->fields, self.fields);
    present->time = std::move(self.time);
  }
  drop_void_owners(info, owners);
  cap_owners(owners);
}

void drop_void_owners(const api::ResourceInfo& info, FieldOwners& owners) {
  std::erase_if(owners, [version = info.api_version()](const FieldOwner& owner) {
    return owner.fields.empty() || owner.api_version != version;
  });
}

// The oldest entries, one more than there are too many, become one; an entry of that name that is
// there already takes part wherever it stands.
void cap_owners(FieldOwners& owners) {
  std::sort(owners.begin(), owners.end(), is_older);
  const auto first =
      std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return !owner.applied; });
  const auto updates = static_cast<std::size_t>(owners.end() - first);
  if (updates <= kUpdateOwnersMax) return;
  FieldOwner ancient;
  ancient.manager = "ancient-changes";
  ancient.api_version = first->api_version;
  std::size_t merged = updates - kUpdateOwnersMax;
  const auto named = std::find_if(first, owners.end(), [&ancient](const FieldOwner& owner) {
    return owner.is_same_owner(ancient);
  });
  if (named == owners.end() || named - first <= static_cast<std::ptrdiff_t>(merged)) {
    ++merged;
  } else {
    ancient.fields = std::move(named->fields);
    owners.erase(named);
  }
  for (auto owner = first; owner != first + static_cast<std::ptrdiff_t>(merged); ++owner) {
    ancient.fields = unite(ancient.fields, owner->fields);
    ancient.time = owner->time;
  }
  owners.erase(first, first + static_cast<std::ptrdiff_t>(merged));
  owners.push_back(std::move(ancient));
}

void keep_times(const Json& old, Json& object) {
  const Json& before = old["metadata"]["managedFields"];
  const Json& now = object["metadata"]["managedFields"];
  const bool same = std::equal(before.as_array().begin(), before.as_array().end(),
                               now.as_array().begin(), now.as_array().end(), is_same_but_time);
  if (same && !before.empty()) object.member("metadata").set("managedFields", before);
}

}  // namespace clickdeploy::apiserver
