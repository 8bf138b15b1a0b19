// Invariants: what must be true of a run at every change, whatever goes wrong in it. The table
// names each promise; docs/reliability.md tells the same and what is not watched yet.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace clickdeploy::simulation {

struct Promise {
  const char* id;
  const char* text;
  const char* checked_at;
};
std::span<const Promise> promises();

// Watches one world from its construction on. Lifetime: the world must not run after it is gone.
class Invariants {
 public:
  explicit Invariants(SimWorld& world);

  // To be called whenever something may have changed.
  void look();

  // How often each object was written since the last call: by resource, namespace and name.
  std::map<std::string, std::int64_t> take_writes() { return std::exchange(writes_, {}); }

 private:
  struct Seen {
    store::DocumentPtr document;
    std::int64_t observed_generation = 0;
  };

  void look_at_revisions();
  void look_at_resource(const std::string& resource);
  void look_at_ownership();
  void look_at_prometheus();
  void judge_delete(const http::Request& request);
  const Json* instance_with_uid(const std::string& uid) const;

  SimWorld& world_;
  store::Revision revision_ = 0;
  std::uint64_t cloud_revision_ = 0;
  std::map<std::string, std::map<store::Key, Seen>> seen_;
  std::map<std::string, std::int64_t> writes_;
};

}  // namespace clickdeploy::simulation
