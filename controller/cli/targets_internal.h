// Targets: which objects the words of a command line mean.

#pragma once

#include "api/scheme.h"
#include "controller/cli/commands_internal.h"
#include "controller/client/client.h"

#include <string>
#include <vector>

namespace clickdeploy::cli {

struct Target {
  const api::ResourceInfo* info = nullptr;  // of the built-in scheme
  std::string name;                         // "": every object of the kind

  bool operator==(const Target&) const = default;
};

// "csvc", "services web db", "service/web instance/web-1", "csvc,inst", "all". InvalidArgument says
// which word is not understood.
Result<std::vector<Target>> parse_targets(const std::vector<std::string>& words);

// The same for commands on named objects: `objects` names some, or says --all or -l.
Result<std::vector<Target>> parse_chosen_targets(const ObjectArguments& objects);

// One object; for commands that take KIND/NAME or KIND NAME.
Result<Target> parse_one_target(const std::vector<std::string>& words);

client::ResourcePath path_of(const api::ResourceInfo& info);
// The namespace in which the kind's objects are looked for: "" for all, and for kinds without one.
std::string namespace_for(const Session& session, const api::ResourceInfo& info);
// "service.clickdeploy.io/web", "secret/prod-eu".
std::string display_name(const api::ResourceInfo& info, const std::string& name);
Error not_found(const Session& session, const Target& target);

// The objects that a command names: each target's own, or its list. The objects of lists that are
// empty are an error for nobody.
struct FoundObject {
  const api::ResourceInfo* info = nullptr;
  Json object;

  const std::string& name() const { return object["metadata"]["name"].as_string(); }
  const std::string& namespace_name() const { return object["metadata"]["namespace"].as_string(); }
};
struct FoundObjects {
  std::vector<FoundObject> objects;
  std::vector<Error> errors;
};
Task<FoundObjects> find_objects(Session& session, std::vector<Target> targets, client::Query query);

// The text of a status condition: {"status", "reason", "message"}; null if there is none.
const Json& condition_of(const Json& object, std::string_view type);

}  // namespace clickdeploy::cli
