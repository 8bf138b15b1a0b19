#include "tests/planted/bugs.h"

namespace clickdeploy::planted_bugs {

namespace {

using enum Pattern;

constexpr PlantedBug kBugs[] = {
    {Bug::StatusWithoutVersion, "StatusWithoutVersion", Stale,
     "the status of an Instance is written from an old copy over a newer one, its claim included"},
    {Bug::StaleInstanceList, "StaleInstanceList", Stale,
     "Services count their Instances in the cache: what was just created is created again"},
    {Bug::ListBelieved, "ListBelieved", Stale,
     "a server that the cloud's list does not show is taken for gone without asking for it"},
    {Bug::RecordedNotAsked, "RecordedNotAsked", Stale,
     "a deletion ends on a lagging list: the recorded server is not asked for by its id"},
    {Bug::OldProofOfTargets, "OldProofOfTargets", Stale,
     "an observation of Prometheus from before the last Instance went proves that no target is "
     "left"},
    {Bug::BegunNotCounted, "BegunNotCounted", Stale,
     "repairs that were just begun, and that the cache does not show yet, are not counted"},
    {Bug::AddressKept, "AddressKept", Stale,
     "the address of the server that was replaced is published as the new one's"},
    {Bug::VerdictOfAnother, "VerdictOfAnother", Stale,
     "the verdict on one rule file is taken for that on every other"},
    {Bug::WatchTooEarly, "WatchTooEarly", Stale,
     "a watch begins one version too early: the last change of the list is told again"},
    {Bug::SilentCompaction, "SilentCompaction", Stale,
     "a watch from a compacted version goes on behind the gap instead of ending with 410"},
    {Bug::WallClockWindow, "WallClockWindow", Stale,
     "waits are measured by the time of day alone: a clock that jumps ends or prolongs them"},

    {Bug::IntentAfterEffect, "IntentAfterEffect", Intermediate,
     "the claim's token is not stored before something is made with it"},
    {Bug::UncertainNotStored, "UncertainNotStored", Intermediate,
     "that a create is about to be sent is not stored before it is sent"},
    {Bug::PortNotFoundAgain, "PortNotFoundAgain", Intermediate,
     "ports that were made before a crash or a lost answer are not found again"},
    {Bug::TokenPerTry, "TokenPerTry", Intermediate,
     "each try of a create has a token of its own, so none finds what the one before made"},
    {Bug::TimeoutIsFailure, "TimeoutIsFailure", Intermediate,
     "a create without an answer counts as one that was refused"},
    {Bug::RetryWithoutWindow, "RetryWithoutWindow", Intermediate,
     "a create without an answer is sent again at once, without the minute of looking for it"},
    {Bug::UncertainForgotten, "UncertainForgotten", Intermediate,
     "a deletion does not wait for a create that is still under way"},
    {Bug::FinalizerDroppedEarly, "FinalizerDroppedEarly", Intermediate,
     "the finalizer goes when the server was asked to go, not when it is gone"},
    {Bug::VolumesNotAwaited, "VolumesNotAwaited", Intermediate,
     "the finalizer goes when volumes were asked to go, not when they are gone"},
    {Bug::NoFinalizer, "NoFinalizer", Intermediate,
     "Instances are created without the finalizer that guards their servers"},
    {Bug::MachineNotAwaited, "MachineNotAwaited", Intermediate,
     "the finalizer goes when a machine was asked to let our agents go, not when its mark is gone"},
    {Bug::ReplaceStepKept, "ReplaceStepKept", Intermediate,
     "the record still says Replace when the new server is made: that one is replaced too"},
    {Bug::WriteErrorIgnored, "WriteErrorIgnored", Intermediate,
     "a write that the database refused is acknowledged and shown all the same"},

    {Bug::DeletionUnseen, "DeletionUnseen", Unobserved,
     "the cache misses that an object is marked for deletion"},
    {Bug::WatchTooLate, "WatchTooLate", Unobserved,
     "a watch begins one version too late: the first change after the list is never told"},
    {Bug::PortsLeftBehind, "PortsLeftBehind", Unobserved,
     "a deletion forgets the ports once the server is gone"},
    {Bug::VolumesLeftBehind, "VolumesLeftBehind", Unobserved,
     "a deletion forgets the volumes once the server is gone"},
    {Bug::ErrorUnseen, "ErrorUnseen", Unobserved, "a server in ERROR is not an ailment"},
    {Bug::ForeignDeleteUnseen, "ForeignDeleteUnseen", Unobserved,
     "a server that somebody else deleted is never made anew"},
    {Bug::UnreachableMeansGone, "UnreachableMeansGone", Unobserved,
     "a machine that cannot be reached is taken for one that has lost its mark"},
    {Bug::RequeueForgotten, "RequeueForgotten", Unobserved,
     "a reconcile that failed is not tried again"},
    {Bug::KeyDroppedAtWork, "KeyDroppedAtWork", Unobserved,
     "a key that is added while it is worked on never runs again"},

    {Bug::ServiceBeforeInstances, "ServiceBeforeInstances", Indirect,
     "a Service goes while its Instances are still going"},
    {Bug::ServiceBeforeTargets, "ServiceBeforeTargets", Indirect,
     "a Service goes while Prometheus still scrapes its targets"},
    {Bug::InFlightIgnored, "InFlightIgnored", Indirect,
     "more repairs run at once than spec.remediation.maxInFlight allows"},
    {Bug::BrakeIgnored, "BrakeIgnored", Indirect,
     "repairs begin although more Instances are unhealthy than may be"},
    {Bug::RepairWithoutGrace, "RepairWithoutGrace", Indirect,
     "a repair begins without the time that an Instance has to start or to recover"},
    {Bug::SurgeIgnored, "SurgeIgnored", Indirect,
     "a rollout makes all new Instances at once, whatever maxSurge says"},
    {Bug::RolloutRemovesFirst, "RolloutRemovesFirst", Indirect,
     "a rollout removes the old Instances before the new ones are ready"},
    {Bug::DelayInSeconds, "DelayInSeconds", Indirect, "a delay in milliseconds is read as seconds"},
    {Bug::KeyRunsTwice, "KeyRunsTwice", Indirect, "two workers take the same key at the same time"},
    {Bug::TransitionTimeMoves, "TransitionTimeMoves", Indirect,
     "the transition time of a condition moves although its status does not"},

    {Bug::NoOwnerMark, "NoOwnerMark", OpenStack, "servers are made without our mark"},
    {Bug::NoPortMark, "NoPortMark", OpenStack, "ports are made without our mark"},
    {Bug::NoVolumeMark, "NoVolumeMark", OpenStack, "volumes are made without our mark"},
    {Bug::AdoptByName, "AdoptByName", OpenStack,
     "a server of the right name is taken for ours, whoever made it"},
    {Bug::GoneIsError, "GoneIsError", OpenStack,
     "404 for a server is an error, not the news that it is gone: finalizers stay for ever"},
    {Bug::PageMarkerIgnored, "PageMarkerIgnored", OpenStack,
     "only the first page of a list is read"},
    {Bug::ChangesTakenForAll, "ChangesTakenForAll", OpenStack,
     "what has changed since the whole list is taken for the whole list"},
    {Bug::ErrorMeansGone, "ErrorMeansGone", OpenStack,
     "a server that the cloud fails to tell about is taken for gone"},
    {Bug::RateLimiterOff, "RateLimiterOff", OpenStack, "requests are not held to the rate limit"},
    {Bug::RetryAfterIgnored, "RetryAfterIgnored", OpenStack,
     "a cloud that says when to come back is asked before that"},
    {Bug::LoginStorm, "LoginStorm", OpenStack,
     "each request that finds no token logs in for itself"},
    {Bug::TokenNotRenewed, "TokenNotRenewed", OpenStack,
     "a token that the cloud refuses is used until it would have expired"},
    {Bug::SecretInError, "SecretInError", OpenStack,
     "a failed log-in is told with the request, password included"},
    {Bug::NamespaceNotAsked, "NamespaceNotAsked", OpenStack,
     "a Cloud is used by namespaces that it does not allow"},

    {Bug::YamlTargets, "YamlTargets", Prometheus,
     "targets are published as YAML, which file_sd is not told to read"},
    {Bug::ServedWithoutGroup, "ServedWithoutGroup", Prometheus,
     "a served list without targets has no empty group, which a reloaded Prometheus does not heed"},
    {Bug::LocksForgotten, "LocksForgotten", Prometheus,
     "locked agents go to the job that asks without TLS and password"},
    {Bug::TargetsGoneInOutage, "TargetsGoneInOutage", Prometheus,
     "targets vanish while the cloud cannot be observed"},
    {Bug::RuleNotChecked, "RuleNotChecked", Prometheus,
     "a rule file is written without having been parsed"},
    {Bug::LastGoodLost, "LastGoodLost", Prometheus,
     "a rule that is refused takes the last good version with it"},
    {Bug::RulesNotCompared, "RulesNotCompared", Prometheus,
     "what Prometheus has loaded is not compared with what was written"},
    {Bug::RefusedForEver, "RefusedForEver", Prometheus,
     "a rule file that was blamed for a failed reload is never tried again"},
    {Bug::FileNotSynced, "FileNotSynced", Prometheus,
     "a published file is renamed into place before its bytes are durable"},
    {Bug::WrittenInPlace, "WrittenInPlace", Prometheus,
     "published files are written in place, not replaced"},

    {Bug::RevisionFromDocuments, "RevisionFromDocuments", Store,
     "after a restart the revision is the newest document's: that of a deletion is used again"},
    {Bug::CommitNotSynced, "CommitNotSynced", Store,
     "a write is acknowledged before it is durable"},
    {Bug::ChecksumIgnored, "ChecksumIgnored", Store,
     "a document whose checksum is wrong is read all the same"},
    {Bug::WriteConflictUnseen, "WriteConflictUnseen", Store,
     "of two writes to the same version both succeed: one is lost"},

    {Bug::StatusRaisesGeneration, "StatusRaisesGeneration", Api,
     "metadata.generation rises with each write of the status"},
    {Bug::DeletionNeverEnds, "DeletionNeverEnds", Api,
     "an object stays when its last finalizer has gone"},
    {Bug::FinalizersIgnored, "FinalizersIgnored", Api,
     "an object goes at once, whatever finalizers it has"},
};

}  // namespace

std::span<const PlantedBug> all_bugs() {
  return kBugs;
}

std::string_view to_string(Pattern pattern) {
  switch (pattern) {
    case Stale:
      return "stale view";
    case Intermediate:
      return "intermediate state";
    case Unobserved:
      return "unobserved state";
    case Indirect:
      return "indirect";
    case OpenStack:
      return "OpenStack";
    case Prometheus:
      return "Prometheus";
    case Store:
      return "store";
    case Api:
      return "API";
  }
  return "";
}

}  // namespace clickdeploy::planted_bugs
