#include "controller/prometheus/alertmanager_observer.h"

#include <algorithm>
#include <set>

namespace clickdeploy::prometheus {

namespace {

constexpr std::chrono::milliseconds kPauseAfterErrorMax{30'000};
constexpr std::uint32_t kFailuresTolerated = 1;

// The services of which the two views tell different things.
std::vector<std::string> changed_services(const AlertmanagerView* before,
                                          const AlertmanagerView* after) {
  std::set<std::string> services;
  const auto add_differing = [&services](const AlertmanagerView* from, const AlertmanagerView* to) {
    if (from == nullptr) return;
    for (const auto& [service, alerts] : from->alerts) {
      const auto other = to == nullptr ? from->alerts.end() : to->alerts.find(service);
      const bool there = to != nullptr && other != to->alerts.end();
      if (!there || other->second != alerts) services.insert(service);
    }
  };
  add_differing(before, after);
  add_differing(after, before);
  return {services.begin(), services.end()};
}

}  // namespace

const SentAlert* AlertmanagerView::find(const Labels& labels) const {
  const auto service = labels.find("service_id");
  if (service == labels.end()) return nullptr;
  const auto list = alerts.find(service->second);
  if (list == alerts.end()) return nullptr;
  const auto found = std::ranges::find_if(list->second, [&](const SentAlert& sent) {
    return std::ranges::includes(sent.labels, labels);
  });
  return found == list->second.end() ? nullptr : &*found;
}

AlertmanagerObserver::AlertmanagerObserver(AlertmanagerClient client, Clock& clock,
                                           std::chrono::milliseconds poll)
    : client_(std::move(client)), clock_(clock), poll_(poll) {}

Task<void> AlertmanagerObserver::run() {
  while (true) {
    co_await poll();
    std::chrono::milliseconds pause = poll_;
    for (std::uint32_t n = 0; n < failures_ && pause < kPauseAfterErrorMax; ++n) {
      pause = std::min(2 * pause, kPauseAfterErrorMax);
    }
    co_await clock_.sleep(pause);
  }
}

Task<void> AlertmanagerObserver::poll() {
  Result<std::vector<SentAlert>> alerts = co_await client_.alerts();
  if (!alerts) {
    last_error_ = std::move(alerts).error();
    const bool tolerated = ++failures_ <= kFailuresTolerated;
    replace(tolerated ? view_ : nullptr);
    co_return;
  }
  last_error_.reset();
  failures_ = 0;
  auto next = std::make_shared<AlertmanagerView>();
  for (SentAlert& alert : *alerts) {
    next->alerts[alert.labels["service_id"]].push_back(std::move(alert));
  }
  // Its order is nobody's promise.
  for (auto& [service, list] : next->alerts) std::ranges::sort(list, {}, &SentAlert::labels);
  replace(std::move(next));
}

void AlertmanagerObserver::replace(std::shared_ptr<const AlertmanagerView> next) {
  const std::vector<std::string> changed = changed_services(view_.get(), next.get());
  view_ = std::move(next);
  if (listener_) listener_(changed);
}

}  // namespace clickdeploy::prometheus
