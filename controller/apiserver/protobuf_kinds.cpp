// The field numbers of Kubernetes' own kinds, from the .proto files that it publishes.

#include "controller/apiserver/protobuf_internal.h"

#include <array>

namespace clickdeploy::apiserver {
namespace {

constexpr ProtoField text(std::uint32_t number, std::string_view name,
                          Presence presence = Presence::OmitZero) {
  return {number, name, ProtoType::Text, false, presence, nullptr};
}
constexpr ProtoField texts(std::uint32_t number, std::string_view name) {
  return {number, name, ProtoType::Text, true, Presence::OmitZero, nullptr};
}
constexpr ProtoField flag(std::uint32_t number, std::string_view name,
                          Presence presence = Presence::KeepZero) {
  return {number, name, ProtoType::Bool, false, presence, nullptr};
}
constexpr ProtoField integer(std::uint32_t number, std::string_view name,
                             Presence presence = Presence::OmitZero) {
  return {number, name, ProtoType::Int, false, presence, nullptr};
}
constexpr ProtoField of_type(std::uint32_t number, std::string_view name, ProtoType type) {
  return {number, name, type, false, Presence::OmitZero, nullptr};
}
constexpr ProtoField message(std::uint32_t number, std::string_view name,
                             const ProtoMessage& message) {
  return {number, name, ProtoType::Message, false, Presence::OmitZero, &message};
}
constexpr ProtoField messages(std::uint32_t number, std::string_view name,
                              const ProtoMessage& message) {
  return {number, name, ProtoType::Message, true, Presence::OmitZero, &message};
}

constexpr Presence kKeep = Presence::KeepZero;

constexpr std::array kOwnerFields = {text(1, "kind"),       text(3, "name"),
                                     text(4, "uid"),        text(5, "apiVersion"),
                                     flag(6, "controller"), flag(7, "blockOwnerDeletion")};
constexpr ProtoMessage kOwner{kOwnerFields};

constexpr std::array kManagedFieldsFields = {
    text(1, "manager"),    text(2, "operation"),
    text(3, "apiVersion"), of_type(4, "time", ProtoType::Time),
    text(6, "fieldsType"), of_type(7, "fieldsV1", ProtoType::FieldSet),
    text(8, "subresource")};
constexpr ProtoMessage kManagedFields{kManagedFieldsFields};

constexpr std::array kObjectMetaFields = {text(1, "name"),
                                          text(2, "generateName"),
                                          text(3, "namespace"),
                                          text(4, "selfLink"),
                                          text(5, "uid"),
                                          text(6, "resourceVersion"),
                                          integer(7, "generation"),
                                          of_type(8, "creationTimestamp", ProtoType::Time),
                                          of_type(9, "deletionTimestamp", ProtoType::Time),
                                          integer(10, "deletionGracePeriodSeconds", kKeep),
                                          of_type(11, "labels", ProtoType::TextMap),
                                          of_type(12, "annotations", ProtoType::TextMap),
                                          messages(13, "ownerReferences", kOwner),
                                          texts(14, "finalizers"),
                                          messages(17, "managedFields", kManagedFields)};
constexpr ProtoMessage kObjectMeta{kObjectMetaFields};

constexpr std::array kListMetaFields = {text(1, "selfLink"), text(2, "resourceVersion"),
                                        text(3, "continue"),
                                        integer(4, "remainingItemCount", kKeep)};
constexpr ProtoMessage kListMeta{kListMetaFields};

constexpr std::array kNamespaceSpecFields = {texts(1, "finalizers")};
constexpr ProtoMessage kNamespaceSpec{kNamespaceSpecFields};
constexpr std::array kNamespaceConditionFields = {text(1, "type"), text(2, "status"),
                                                  of_type(4, "lastTransitionTime", ProtoType::Time),
                                                  text(5, "reason"), text(6, "message")};
constexpr ProtoMessage kNamespaceCondition{kNamespaceConditionFields};
constexpr std::array kNamespaceStatusFields = {text(1, "phase"),
                                               messages(2, "conditions", kNamespaceCondition)};
constexpr ProtoMessage kNamespaceStatus{kNamespaceStatusFields};
constexpr std::array kNamespaceFields = {message(1, "metadata", kObjectMeta),
                                         message(2, "spec", kNamespaceSpec),
                                         message(3, "status", kNamespaceStatus)};
constexpr ProtoMessage kNamespace{kNamespaceFields};

constexpr std::array kSecretFields = {
    message(1, "metadata", kObjectMeta), of_type(2, "data", ProtoType::BytesMap), text(3, "type"),
    of_type(4, "stringData", ProtoType::TextMap), flag(5, "immutable")};
constexpr ProtoMessage kSecret{kSecretFields};

constexpr std::array kConfigMapFields = {
    message(1, "metadata", kObjectMeta), of_type(2, "data", ProtoType::TextMap),
    of_type(3, "binaryData", ProtoType::BytesMap), flag(4, "immutable")};
constexpr ProtoMessage kConfigMap{kConfigMapFields};

constexpr std::array kReferenceFields = {
    text(1, "kind"),       text(2, "namespace"),       text(3, "name"),     text(4, "uid"),
    text(5, "apiVersion"), text(6, "resourceVersion"), text(7, "fieldPath")};
constexpr ProtoMessage kReference{kReferenceFields};
constexpr std::array kEventSourceFields = {text(1, "component"), text(2, "host")};
constexpr ProtoMessage kEventSource{kEventSourceFields};
constexpr std::array kEventSeriesFields = {integer(1, "count"),
                                           of_type(2, "lastObservedTime", ProtoType::MicroTime)};
constexpr ProtoMessage kEventSeries{kEventSeriesFields};

constexpr std::array kCoreEventFields = {message(1, "metadata", kObjectMeta),
                                         message(2, "involvedObject", kReference),
                                         text(3, "reason"),
                                         text(4, "message"),
                                         message(5, "source", kEventSource),
                                         of_type(6, "firstTimestamp", ProtoType::Time),
                                         of_type(7, "lastTimestamp", ProtoType::Time),
                                         integer(8, "count"),
                                         text(9, "type"),
                                         of_type(10, "eventTime", ProtoType::MicroTime),
                                         message(11, "series", kEventSeries),
                                         text(12, "action"),
                                         message(13, "related", kReference),
                                         text(14, "reportingComponent"),
                                         text(15, "reportingInstance")};
constexpr ProtoMessage kCoreEvent{kCoreEventFields};

constexpr std::array kEventFields = {message(1, "metadata", kObjectMeta),
                                     of_type(2, "eventTime", ProtoType::MicroTime),
                                     message(3, "series", kEventSeries),
                                     text(4, "reportingController"),
                                     text(5, "reportingInstance"),
                                     text(6, "action"),
                                     text(7, "reason"),
                                     message(8, "regarding", kReference),
                                     message(9, "related", kReference),
                                     text(10, "note"),
                                     text(11, "type"),
                                     message(12, "deprecatedSource", kEventSource),
                                     of_type(13, "deprecatedFirstTimestamp", ProtoType::Time),
                                     of_type(14, "deprecatedLastTimestamp", ProtoType::Time),
                                     integer(15, "deprecatedCount")};
constexpr ProtoMessage kEvent{kEventFields};

constexpr std::array kLeaseSpecFields = {text(1, "holderIdentity", kKeep),
                                         integer(2, "leaseDurationSeconds", kKeep),
                                         of_type(3, "acquireTime", ProtoType::MicroTime),
                                         of_type(4, "renewTime", ProtoType::MicroTime),
                                         integer(5, "leaseTransitions", kKeep),
                                         text(6, "strategy", kKeep),
                                         text(7, "preferredHolder", kKeep)};
constexpr ProtoMessage kLeaseSpec{kLeaseSpecFields};
constexpr std::array kLeaseFields = {message(1, "metadata", kObjectMeta),
                                     message(2, "spec", kLeaseSpec)};
constexpr ProtoMessage kLease{kLeaseFields};

constexpr std::array kResourceAttributesFields = {
    text(1, "namespace"), text(2, "verb"),        text(3, "group"), text(4, "version"),
    text(5, "resource"),  text(6, "subresource"), text(7, "name")};
constexpr ProtoMessage kResourceAttributes{kResourceAttributesFields};
constexpr std::array kPathAttributesFields = {text(1, "path"), text(2, "verb")};
constexpr ProtoMessage kPathAttributes{kPathAttributesFields};
constexpr std::array kAccessSpecFields = {message(1, "resourceAttributes", kResourceAttributes),
                                          message(2, "nonResourceAttributes", kPathAttributes)};
constexpr ProtoMessage kAccessSpec{kAccessSpecFields};
constexpr std::array kAccessStatusFields = {flag(1, "allowed"), text(2, "reason"),
                                            text(3, "evaluationError"),
                                            flag(4, "denied", Presence::OmitZero)};
constexpr ProtoMessage kAccessStatus{kAccessStatusFields};
constexpr std::array kAccessReviewFields = {message(1, "metadata", kObjectMeta),
                                            message(2, "spec", kAccessSpec),
                                            message(3, "status", kAccessStatus)};
constexpr ProtoMessage kAccessReview{kAccessReviewFields};

constexpr std::array kRulesSpecFields = {text(1, "namespace")};
constexpr ProtoMessage kRulesSpec{kRulesSpecFields};
constexpr std::array kResourceRuleFields = {texts(1, "verbs"), texts(2, "apiGroups"),
                                            texts(3, "resources"), texts(4, "resourceNames")};
constexpr ProtoMessage kResourceRule{kResourceRuleFields};
constexpr std::array kPathRuleFields = {texts(1, "verbs"), texts(2, "nonResourceURLs")};
constexpr ProtoMessage kPathRule{kPathRuleFields};
constexpr std::array kRulesStatusFields = {messages(1, "resourceRules", kResourceRule),
                                           messages(2, "nonResourceRules", kPathRule),
                                           flag(3, "incomplete"), text(4, "evaluationError")};
constexpr ProtoMessage kRulesStatus{kRulesStatusFields};
constexpr std::array kRulesReviewFields = {message(1, "metadata", kObjectMeta),
                                           message(2, "spec", kRulesSpec),
                                           message(3, "status", kRulesStatus)};
constexpr ProtoMessage kRulesReview{kRulesReviewFields};

constexpr std::array kUserFields = {text(1, "username"), text(2, "uid"), texts(3, "groups")};
constexpr ProtoMessage kUser{kUserFields};
constexpr std::array kSelfStatusFields = {message(1, "userInfo", kUser)};
constexpr ProtoMessage kSelfStatus{kSelfStatusFields};
constexpr std::array kSelfReviewFields = {message(1, "metadata", kObjectMeta),
                                          message(2, "status", kSelfStatus)};
constexpr ProtoMessage kSelfReview{kSelfReviewFields};

constexpr std::array kPreconditionsFields = {text(1, "uid", kKeep),
                                             text(2, "resourceVersion", kKeep)};
constexpr ProtoMessage kPreconditions{kPreconditionsFields};
constexpr std::array kDeleteOptionsFields = {
    integer(1, "gracePeriodSeconds", kKeep), message(2, "preconditions", kPreconditions),
    flag(3, "orphanDependents"), text(4, "propagationPolicy"), texts(5, "dryRun")};
constexpr ProtoMessage kDeleteOptions{kDeleteOptionsFields};

constexpr std::array kCauseFields = {text(1, "reason"), text(2, "message"), text(3, "field")};
constexpr ProtoMessage kCause{kCauseFields};
constexpr std::array kStatusDetailsFields = {text(1, "name"),
                                             text(2, "group"),
                                             text(3, "kind"),
                                             messages(4, "causes", kCause),
                                             integer(5, "retryAfterSeconds"),
                                             text(6, "uid")};
constexpr ProtoMessage kStatusDetails{kStatusDetailsFields};
constexpr std::array kStatusFields = {
    message(1, "metadata", kListMeta),     text(2, "status"), text(3, "message"), text(4, "reason"),
    message(5, "details", kStatusDetails), integer(6, "code")};
constexpr ProtoMessage kStatus{kStatusFields};

// A list of each kind that is stored.
template <const ProtoMessage& Item>
constexpr std::array kListFields = {message(1, "metadata", kListMeta), messages(2, "items", Item)};
template <const ProtoMessage& Item>
constexpr ProtoMessage kListOf{kListFields<Item>};

struct ProtoKind {
  std::string_view api_version;
  std::string_view kind;
  const ProtoMessage& message;
};

constexpr std::array kKinds = {
    ProtoKind{"v1", "Namespace", kNamespace},
    ProtoKind{"v1", "NamespaceList", kListOf<kNamespace>},
    ProtoKind{"v1", "Secret", kSecret},
    ProtoKind{"v1", "SecretList", kListOf<kSecret>},
    ProtoKind{"v1", "ConfigMap", kConfigMap},
    ProtoKind{"v1", "ConfigMapList", kListOf<kConfigMap>},
    ProtoKind{"v1", "Event", kCoreEvent},
    ProtoKind{"v1", "EventList", kListOf<kCoreEvent>},
    ProtoKind{"events.k8s.io/v1", "Event", kEvent},
    ProtoKind{"events.k8s.io/v1", "EventList", kListOf<kEvent>},
    ProtoKind{"coordination.k8s.io/v1", "Lease", kLease},
    ProtoKind{"coordination.k8s.io/v1", "LeaseList", kListOf<kLease>},
    ProtoKind{"authorization.k8s.io/v1", "SelfSubjectAccessReview", kAccessReview},
    ProtoKind{"authorization.k8s.io/v1", "SelfSubjectRulesReview", kRulesReview},
    ProtoKind{"authentication.k8s.io/v1", "SelfSubjectReview", kSelfReview},
    ProtoKind{"v1", "DeleteOptions", kDeleteOptions},
    ProtoKind{"meta.k8s.io/v1", "DeleteOptions", kDeleteOptions},
    ProtoKind{"v1", "Status", kStatus},
};

}  // namespace

const ProtoMessage* find_proto_message(std::string_view api_version, std::string_view kind) {
  // Options of a delete are of whatever group is deleted from.
  if (kind == "DeleteOptions") return &kDeleteOptions;
  for (const ProtoKind& known : kKinds) {
    if (known.api_version == api_version && known.kind == kind) return &known.message;
  }
  return nullptr;
}

}  // namespace clickdeploy::apiserver
