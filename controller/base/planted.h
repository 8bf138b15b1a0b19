// planted(): mistakes that the tests put into the product, to see whether the checks find them
// (tests/planted, docs/reliability.md).
//
// In every build but that of the preset `planted` each is false at compile time, and nothing of it
// is in the program. There, plant() switches one on for the whole process. What each one breaks is
// told in tests/planted/bugs.cpp. Only .cpp files may include this: the build compiles those that
// do in another way.

#pragma once

#include <cstdint>

namespace clickdeploy {

enum class Bug : std::uint8_t {
  None,
  UncertainNotStored,
  IntentAfterEffect,
  NoOwnerMark,
  NoPortMark,
  AdoptByName,
  PortNotFoundAgain,
  TimeoutIsFailure,
  ReplaceStepKept,
  AddressKept,
  BegunNotCounted,
  TokenPerTry,
  FinalizerDroppedEarly,
  RecordedNotAsked,
  UncertainForgotten,
  PortsLeftBehind,
  NoVolumeMark,
  VolumesLeftBehind,
  VolumesNotAwaited,
  RetryWithoutWindow,
  WallClockWindow,
  ListBelieved,
  StatusWithoutVersion,
  TargetsGoneInOutage,
  ErrorUnseen,
  ForeignDeleteUnseen,
  RepairWithoutGrace,
  BrakeIgnored,
  InFlightIgnored,
  ServiceBeforeInstances,
  ServiceBeforeTargets,
  SurgeIgnored,
  RolloutRemovesFirst,
  NoFinalizer,
  OldProofOfTargets,
  StaleInstanceList,
  YamlTargets,
  RuleNotChecked,
  LastGoodLost,
  RulesNotCompared,
  RefusedForEver,
  VerdictOfAnother,
  NamespaceNotAsked,
  GoneIsError,
  ErrorMeansGone,
  PageMarkerIgnored,
  ChangesTakenForAll,
  RateLimiterOff,
  LoginStorm,
  SecretInError,
  RetryAfterIgnored,
  TokenNotRenewed,
  KeyDroppedAtWork,
  KeyRunsTwice,
  RequeueForgotten,
  DelayInSeconds,
  DeletionUnseen,
  WatchTooLate,
  WatchTooEarly,
  StatusRaisesGeneration,
  DeletionNeverEnds,
  FinalizersIgnored,
  TransitionTimeMoves,
  WriteConflictUnseen,
  WriteErrorIgnored,
  SilentCompaction,
  ChecksumIgnored,
  RevisionFromDocuments,
  CommitNotSynced,
  FileNotSynced,
  WrittenInPlace,
  MachineNotAwaited,
  UnreachableMeansGone,
  ServedWithoutGroup,
  LocksForgotten,
};

#ifdef CLICKDEPLOY_PLANTED
bool planted(Bug bug);
void plant(Bug bug);  // None: as shipped
#else
consteval bool planted(Bug /*bug*/) {
  return false;
}
#endif

}  // namespace clickdeploy
