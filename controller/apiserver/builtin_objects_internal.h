// The objects that the server makes of itself: a CustomResourceDefinition for each kind of ours, an
// APIService for each group version. They can be read, listed and watched like stored ones, and
// never change while the server runs. Everything that reads goes through the functions below, which
// look in the store for all other kinds.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::apiserver {

class BuiltinObjects {
 public:
  explicit BuiltinObjects(const api::Scheme& scheme) : scheme_(scheme) {}

  // Sorted by name; `created` is what they say of their beginning, from the first call on.
  const std::vector<store::DocumentPtr>& of(const api::ResourceInfo& info, WallTime created) const;

 private:
  const api::Scheme& scheme_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::vector<store::DocumentPtr>> made_;  // by group resource
};

store::DocumentPtr find_document(const Core& core, const Target& target);  // nullptr: none
store::ListResult list_documents(const Core& core, const Target& target);
// As it was at `revision`; an Error if the history is gone.
Result<store::ListResult> list_documents_at(const Core& core, const Target& target,
                                            store::Revision revision);

}  // namespace clickdeploy::apiserver
