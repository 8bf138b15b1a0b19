// SwarmUser: people who apply, edit, misuse and delete as the seed says, and who know in the end
// what was asked for.

#pragma once

#include "tests/simulation/story.h"
#include "tests/simulation/swarm_decisions.h"

#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct Brakes {
  std::string max_unhealthy = "20%";
  int max_retries = 3;
  int max_in_flight = 1;

  bool operator==(const Brakes&) const = default;
};

struct ServiceWish {
  api::ObjectKey key;
  api::ObjectKey cloud = kCloud;
  bool exists = true;
  int replicas = 3;
  std::string image = "debian-12";
  std::string metadata = "shop";  // an edit that replaces servers as an image does
  std::string label = "web";      // of the Instances
  bool paused = false;
  bool selected = true;   // by the policies
  bool volumes = false;   // one to boot from, and another
  bool machines = false;  // that exist already, instead of servers
  Brakes brakes;
};

struct Wish {
  std::vector<ServiceWish> services;
  std::vector<api::ObjectKey> clouds = {kCloud};
  std::string rule = "click_deploy_service_cpu_usage_percent > 90";
  bool second_policy = false;  // with the rule "SlowDisk"
  bool served = false;         // Prometheus asks for its targets
  bool tls = false;            // agents speak it
  bool password = false;       // and want one
};

// Machines m1 to m14 are there for whoever takes them; m15 belongs to another Click Deploy.
inline constexpr int kMachines = 14;
inline constexpr const char* kForeignMachine = "10.77.0.15";
inline constexpr const char* kForeignMark = "clickdeploy_claim=0f0f\nclickdeploy_cluster=another\n";

class SwarmUser {
 public:
  SwarmUser(SimWorld& world, Story& story, Decisions& decisions);

  // Applies platform and Services.
  void begin();
  // Does something, or nothing. A Service that is to be recreated is, once the old one is gone.
  void act(std::uint64_t moment);
  // Takes back what can't work and freezes the wish.
  void settle();
  // Makes Services as wished if the old ones are gone by now; called in the calm phase as well.
  void pursue();
  // Does what a controller that has stopped itself asks a person for: allows repairs, and says that
  // missing servers are really gone.
  void lift_brakes();

  const Wish& wish() const { return wish_; }

 private:
  using Act = void (SwarmUser::*)(ServiceWish&, Dice&);
  static const std::vector<Act>& acts();

  void scale(ServiceWish& service, Dice& dice);
  void change_image(ServiceWish& service, Dice& dice);
  void want_no_image(ServiceWish& service, Dice& dice);
  void change_metadata(ServiceWish& service, Dice& dice);
  void change_label(ServiceWish& service, Dice& dice);
  void change_rule(ServiceWish& service, Dice& dice);
  void break_rule(ServiceWish& service, Dice& dice);
  void toggle_pause(ServiceWish& service, Dice& dice);
  void toggle_selection(ServiceWish& service, Dice& dice);
  void remove(ServiceWish& service, Dice& dice);
  void remove_instance(ServiceWish& service, Dice& dice);
  void change_brakes(ServiceWish& service, Dice& dice);
  void flip_flop(ServiceWish& service, Dice& dice);
  void empty_and_fill(ServiceWish& service, Dice& dice);
  void add_unknown_field(ServiceWish& service, Dice& dice);
  void edit_status(ServiceWish& service, Dice& dice);
  void annotate(ServiceWish& service, Dice& dice);
  void make_many(ServiceWish& service, Dice& dice);
  void remove_finalizer(ServiceWish& service, Dice& dice);
  void edit_cloud(ServiceWish& service, Dice& dice);

  static Brakes draw_brakes(Dice& dice);
  Json manifest(const ServiceWish& service) const;
  void apply(ServiceWish& service, const std::string& what);
  void apply_policies();
  void apply_platform();
  void make_machines();
  void configure_prometheus();
  Json policy(const std::string& rule) const;
  void apply_yaml(const std::string& yaml);
  void tell(const std::string& what) const;
  const Json* any_instance(const ServiceWish& service, Dice& dice) const;
  // An answer that only says that the object is going or gone is none to complain about.
  void expect(const Result<void>& done, const std::string& what);

  SimWorld& world_;
  Story& story_;
  Decisions& decisions_;
  double eagerness_;
  std::set<std::string> many_;  // Services made in one go
  Wish wish_;
};

}  // namespace clickdeploy::simulation
