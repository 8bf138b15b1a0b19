// CloudReconciler: credentials into a verified identity, a quota and an observer; it freezes the
// Cloud when it is not the one it was, or when its fleet is suddenly missing. A Cloud that is
// deleted stays until no Instance needs it, and no port is left that a late request made for one:
// its finalizer is the last to go.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/reconcilers/cloud/orphans.h"
#include "controller/reconcilers/context.h"
#include "controller/runtime/controller.h"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace clickdeploy::reconcilers {

// Of the servers that we have recorded on a Cloud, how many does the observation lack?
struct FleetCount {
  std::int64_t recorded = 0;
  std::int64_t missing = 0;

  bool operator==(const FleetCount&) const = default;
};

// Why the Cloud must be frozen; "" if it need not be. Pure.
std::string plan_freeze(const api::v1alpha1::Cloud& cloud, const openstack::Identity& identity,
                        const FleetCount& fleet);

class CloudReconciler final : public runtime::Reconciler {
 public:
  explicit CloudReconciler(Context& context);

  Task<Result<runtime::ReconcileResult>> reconcile(api::ObjectKey key) override;

  // Freezes or thaws the connection by its newest observation. Called after each sweep, before
  // anybody acts on it.
  void judge(const api::ObjectKey& key);

 private:
  Task<Result<runtime::ReconcileResult>> reconcile_hosts(api::v1alpha1::Cloud cloud);
  Task<Result<runtime::ReconcileResult>> finish(api::v1alpha1::Cloud cloud);
  static bool is_seen_whole(CloudConnection& connection);
  Task<void> clean_leaks(api::v1alpha1::Cloud cloud, std::shared_ptr<CloudConnection> connection);
  // Those that a person has named and that are still orphans; then the wish is taken off.
  Task<Result<void>> delete_orphans(api::v1alpha1::Cloud cloud,
                                    std::shared_ptr<CloudConnection> connection);
  bool may_leave(const api::v1alpha1::Cloud& cloud);
  InstanceList users_of(const api::ObjectKey& key) const;
  // For its condition Progressing, when it is well.
  struct Doing {
    std::string_view reason;
    std::string message;
  };
  Doing doing_with(const api::v1alpha1::Cloud& cloud) const;
  Task<Result<void>> write(const api::v1alpha1::Cloud& before, api::v1alpha1::Cloud after);
  FleetCount count_fleet(const api::ObjectKey& key, const openstack::CloudSnapshot& snapshot) const;
  Result<openstack::Credentials> read_credentials(const api::v1alpha1::Cloud& cloud);

  // What was read last, for as long as the Secret says the same.
  struct ReadCredentials {
    SecretString text;
    std::string cloud_name;
    openstack::Credentials credentials;
  };

  Context& context_;
  client::TypedClient<api::v1alpha1::Cloud> clouds_;
  std::map<api::ObjectKey, ReadCredentials> credentials_;
  std::map<api::ObjectKey, Orphans> orphans_;
  // Do Instances need it, and when did that end? What this process has not seen never was.
  struct Use {
    bool now = false;
    std::optional<SteadyTime> ended;
  };
  std::map<api::ObjectKey, Use> uses_;
};

}  // namespace clickdeploy::reconcilers
