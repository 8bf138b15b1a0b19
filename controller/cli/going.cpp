#include "controller/base/text.h"
#include "controller/cli/going_internal.h"
#include "controller/cli/targets_internal.h"

namespace clickdeploy::cli {

std::string waits_for(const Json& object) {
  std::vector<std::string> finalizers;
  for (const Json& finalizer : object["metadata"]["finalizers"].as_array()) {
    finalizers.push_back(finalizer.as_string());
  }
  const Json& progressing = condition_of(object, "Progressing");
  const std::string& message = progressing["message"].as_string();
  // A condition from before the deletion tells of something else.
  const bool current =
      progressing["reason"].as_string() == "Deleting" ||
      progressing["observedGeneration"].as_int() >= object["metadata"]["generation"].as_int(1);
  if (finalizers.empty()) return "being deleted";
  if (!message.empty() && current && message.contains("finalizer")) return message;
  std::string text = finalizers.size() == 1 ? "finalizer " : "finalizers ";
  text += join(finalizers, ", ") + (finalizers.size() == 1 ? " waits" : " wait");
  return message.empty() || !current ? text : text + ": " + message;
}

}  // namespace clickdeploy::cli
