// JsonPath: the part of Kubernetes' JSONPath that printer columns use.
//
//   .spec.replicas   .metadata.labels['clickdeploy.io/revision'] .metadata.labels.clickdeploy\.io/x
//   .spec.flavors[0].name   .spec.flavors[*].name   .status.conditions[?(@.type=="Ready")].status
//
// Surrounding braces are accepted. Immutable after parse().

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

class JsonPath {
 public:
  static Result<JsonPath> parse(std::string_view text);

  // The first value the path leads to, inside `root`; nullptr if there is none.
  const Json* first(const Json& root) const;

  // The members, one below the other, that lead to all that the path may reach: ["status",
  // "conditions"] of .status.conditions[?(@.type=="Ready")].status.
  std::vector<std::string> leading_members() const;

  // Every value the path leads to, in order.
  std::vector<const Json*> all(const Json& root) const;

 private:
  struct Step {
    enum class Kind : std::uint8_t { Member, Index, All, Filter } kind = Kind::Member;
    std::string name;                      // Member
    std::int64_t index = 0;                // Index; negative counts from the end
    std::vector<std::string> filter_path;  // Filter: members below @
    std::string filter_value;
    bool filter_equal = true;
  };
  class Parser;

  const Json* first_from(const Json& value, std::size_t step) const;
  static const Json* child(const Json& value, const Step& step);  // of a Member or an Index
  void collect(const Json& value, std::size_t step, std::vector<const Json*>& found) const;
  static bool passes(const Json& item, const Step& step);

  std::vector<Step> steps_;
};

}  // namespace clickdeploy::api
