// FieldSelector: which objects are meant, by the value of a field:
// "metadata.name=web,type!=Normal".
//
// Which fields a kind can be selected by is up to the kind (ResourceInfo::selectable_fields).

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

class FieldSelector {
 public:
  struct Requirement {
    std::string path;  // "metadata.name"
    std::string value;
    bool equal = true;

    bool operator==(const Requirement&) const = default;
  };

  FieldSelector() = default;

  // InvalidArgument with Kubernetes' text: "invalid selector: 'x'; can't understand 'x'".
  static Result<FieldSelector> parse(std::string_view text);

  // InvalidArgument "field label not supported: spec.image" unless every path is in `fields`.
  Result<void> check_supported(const std::vector<std::string>& fields) const;

  // Absent fields count as "". Numbers and booleans are compared by their JSON text.
  bool matches(const Json& object) const;

  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }

 private:
  std::vector<Requirement> requirements_;
};

}  // namespace clickdeploy::api
