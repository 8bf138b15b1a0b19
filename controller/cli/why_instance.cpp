#include "api/schema/table.h"
#include "controller/cli/why_links_internal.h"

namespace clickdeploy::cli {

using api::Condition;
using api::v1alpha1::AgentStatus;
using api::v1alpha1::Claim;
using api::v1alpha1::Instance;

namespace {

// What the controller says about itself, where the link has nothing better to tell.
std::string progressing_message(const Instance& instance) {
  const Condition* progressing = api::find_condition(instance.status.conditions, "Progressing");
  return progressing == nullptr || progressing->message.empty() ? "" : ": " + progressing->message;
}

std::string events_command(const Instance& instance) {
  return "clickctl events --for instance/" + instance.metadata.name + " -n " +
         instance.metadata.namespace_name;
}

Link claim_link(const Instance& instance) {
  const Claim& claim = instance.status.claim;
  Link link;
  if (claim.state == "Confirmed") {
    link = good_link("claim", "the create call is confirmed");
  } else if (claim.state == "Uncertain") {
    link = unknown_link("claim", claim.state,
                        "the cloud did not say whether the server was created (" +
                            std::to_string(claim.attempts) + " attempts)",
                        "nothing to do: it is looked up until it is certain. The cloud's words: " +
                            events_command(instance));
  } else if (claim.state == "Intended") {
    link = broken_link("claim", claim.state,
                       "the server is not created yet" + progressing_message(instance),
                       events_command(instance));
  } else {
    link = broken_link("claim", "", "no create was begun" + progressing_message(instance),
                       events_command(instance));
  }
  link.since = claim.since;
  return link;
}

Link server_link(const Instance& instance) {
  Link link = link_of("server", instance.status.conditions, "InfrastructureReady",
                      instance.metadata.generation, events_command(instance));
  const auto& server = instance.status.server;
  if (link.state == LinkState::Holds) return link;
  if (!server.fault.empty()) link.evidence += "; the cloud's fault: " + server.fault;
  if (!server.request_id.empty()) link.evidence += " (request " + server.request_id + ")";
  return link;
}

Link agent_link(const Instance& instance) {
  Link link = link_of("agent", instance.status.conditions, "AgentsHealthy",
                      instance.metadata.generation, "");
  if (link.state == LinkState::Holds) return link;
  link.next = std::string("is the agent running, and ") +
              (instance.spec.server.is_machine() ? "does the machine's firewall"
                                                 : "do the security groups") +
              " let its port through?";
  for (const AgentStatus& agent : instance.status.agents) {
    if (agent.state == "IdentityMismatch") {
      link.next = "another machine answers at " + agent.address +
                  ": is the address used twice? It reports " +
                  (agent.reported_id.empty() ? "no instance" : agent.reported_id);
    }
  }
  if (link.reason == "NoAgents") {
    link.next = "clickctl why service/" + instance.spec.service_name + " -n " +
                instance.metadata.namespace_name;
  }
  return link;
}

Link scraped_link(const InstanceFacts& facts) {
  const Instance& instance = facts.instance;
  Link link =
      link_of("scraped", instance.status.conditions, "TargetScraped", instance.metadata.generation,
              "can Prometheus reach " +
                  (instance.status.address.empty() ? "the server" : instance.status.address) +
                  "? Look at its page of targets");
  if (!instance.status.scraped.empty()) {
    const std::string age = api::age_since(instance.status.scraped, facts.now);
    // The condition's own words hold the time; the age says it better.
    link.evidence = link.state == LinkState::Holds
                        ? "the last sample is " + age + " old"
                        : link.evidence + "; the last sample is " + age + " old";
  }
  return link;
}

}  // namespace

Chain explain_instance(const InstanceFacts& facts) {
  const Instance& instance = facts.instance;
  const std::int64_t generation = instance.metadata.generation;
  Chain chain = chain_of("instance", instance.metadata, instance.status.conditions);
  chain.links.push_back(
      cloud_link(instance.spec.cloud_ref, instance.metadata.namespace_name, facts.cloud));
  chain.links.push_back(claim_link(instance));
  chain.links.push_back(server_link(instance));
  chain.links.push_back(link_of(
      "boot", instance.status.conditions, "BootstrapSucceeded", generation,
      instance.spec.server.is_machine()
          ? "read /var/lib/click-deploy/machine/install.log on machine " + instance.status.address
          : "read the server's console log for cloud-init's errors: "
            "openstack console log show " +
                instance.status.server.id));
  chain.links.push_back(agent_link(instance));
  chain.links.push_back(
      link_of("target in file", instance.status.conditions, "TargetPublished", generation,
              facts.backend ? why_command("metricsbackend", facts.backend->metadata.key())
                            : "first a MonitoringPolicy with a backend must apply"));
  chain.links.push_back(scraped_link(facts));
  chain.links.push_back(rules_link(facts.policy, facts.backend));
  // Told only where there is something to tell: whether it serves is another question.
  const bool made = instance.status.claim.state == "Confirmed";
  for (const auto& [name, type] : {std::pair{"agents as specified", "AgentsUpToDate"},
                                   std::pair{"as specified", "UpToDate"}}) {
    const Condition* current = api::find_condition(instance.status.conditions, type);
    if (!made || current == nullptr || current->status != api::ConditionStatus::False) continue;
    chain.links.push_back(
        link_of(name, instance.status.conditions, type, generation, events_command(instance)));
  }
  return chain;
}

}  // namespace clickdeploy::cli
