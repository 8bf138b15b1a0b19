// Which Instances the controller takes down itself, now: what is told about them is no news.

#pragma once

#include "api/v1alpha1/instance.h"

#include <optional>
#include <string>

namespace clickdeploy::reconcilers {

// The labels that its targets have, and why it is down: Deleting, Repairing or Booting.
struct ExpectedDown {
  std::string project_id;
  std::string service_id;
  std::string instance_id;
  std::string service;
  std::string namespace_name;
  std::string instance_name;
  std::string reason;

  bool operator==(const ExpectedDown&) const = default;
};

// nullopt if the Instance should be up, or has no server that could be down.
std::optional<ExpectedDown> expected_down(const api::v1alpha1::Instance& instance);

}  // namespace clickdeploy::reconcilers
