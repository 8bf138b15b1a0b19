#include "api/v1alpha1/common.h"

#include "controller/base/text.h"

namespace clickdeploy::api::v1alpha1 {

std::string CloudThing::text() const {
  if (!id.empty()) return "id \"" + id + "\"";
  if (!filter) return "name \"" + name + "\"";
  std::vector<std::string> parts;
  for (const auto& [key, value] : filter->properties) parts.push_back(key + "=" + value);
  for (const std::string& tag : filter->tags) parts.push_back("tag " + tag);
  return "filter " + join(parts, ", ");
}

}  // namespace clickdeploy::api::v1alpha1
