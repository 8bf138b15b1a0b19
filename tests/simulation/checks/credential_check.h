// CredentialCheck (S21): a call that changes something for an Instance carries a token of the Cloud
// that the Instance names, and that Cloud allows its namespace; a log-in uses what the Secret of
// some Cloud holds.

#pragma once

#include "tests/simulation/checks/credential_book.h"
#include "tests/simulation/sim_report.h"

#include <functional>
#include <map>
#include <string>

namespace clickdeploy::simulation {

class CredentialCheck {
 public:
  // Who owns the server of that id: the UID of an Instance; "" if nobody is known to.
  using ServerOwner = std::function<std::string(const std::string& server_id)>;
  using PortClaim = std::function<std::string(const std::string& port_id)>;

  CredentialCheck(const CredentialBook& book, ServerOwner server_owner, PortClaim port_claim,
                  Report& report)
      : book_(book),
        server_owner_(std::move(server_owner)),
        port_claim_(std::move(port_claim)),
        report_(report) {}

  void changed(const store::Event& event, const Json& object);
  void sent(const http::Request& request) const;

 private:
  struct Owner {
    std::string name;
    std::string namespace_name;
    CredentialBook::Key cloud;
  };

  const Owner* owner_of(const http::Request& request) const;
  const Owner* find(const std::map<std::string, Owner>& owners, const std::string& id) const;

  const CredentialBook& book_;
  const ServerOwner server_owner_;
  const PortClaim port_claim_;
  Report& report_;
  std::map<std::string, Owner> by_uid_;  // those that are gone too: their servers go later
  std::map<std::string, Owner> by_claim_;
};

}  // namespace clickdeploy::simulation
