#include "controller/reconcilers/trouble.h"

#include <algorithm>
#include <array>

namespace clickdeploy::reconcilers {

namespace {

constexpr std::array kTroubles{api::kInvalidConfiguration, api::kQuotaExceeded, api::kUnauthorized,
                               api::kBlocked, api::kFailed};

}  // namespace

std::optional<api::Condition> new_trouble(const api::Conditions& before,
                                          const api::Conditions& now) {
  const api::Condition* told = api::find_condition(before, "Progressing");
  const api::Condition* found = api::find_condition(now, "Progressing");
  if (found == nullptr || std::ranges::find(kTroubles, found->reason) == kTroubles.end())
    return std::nullopt;
  if (told == nullptr || told->reason != found->reason) return *found;
  const bool news = found->reason == api::kInvalidConfiguration && told->message != found->message;
  return news ? std::optional(*found) : std::nullopt;
}

void record_trouble(runtime::EventRecorder& events, const api::GroupVersionKind& gvk,
                    const api::ObjectMeta& about, const api::Conditions& before,
                    const api::Conditions& now) {
  const std::optional<api::Condition> trouble = new_trouble(before, now);
  if (!trouble) return;
  events.record(gvk, about, runtime::EventKind::Warning, trouble->reason, trouble->message);
}

}  // namespace clickdeploy::reconcilers
