#include "controller/reconcilers/service/service_alerts.h"

#include "controller/prometheus/default_alerts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace clickdeploy::reconcilers {

using api::v1alpha1::ServiceAlert;
using api::v1alpha1::ServiceAlerts;
using prometheus::Alert;
using prometheus::PrometheusSnapshot;

namespace {

constexpr std::size_t kWorstMax = 20;
constexpr std::size_t kLabelsMax = 16;

// Told by the Service itself, or by another field.
constexpr std::array<std::string_view, 9> kTold = {"alertname",  "severity",    "project_id",
                                                   "service_id", "instance_id", "instance_name",
                                                   "namespace",  "service",     "managed_by"};

const std::vector<Alert>& alerts_of(const std::string& service_uid,
                                    const PrometheusSnapshot& snapshot) {
  static const std::vector<Alert> kNone;
  const auto found = snapshot.alerts.find(service_uid);
  return found == snapshot.alerts.end() ? kNone : found->second;
}

bool is_news(const Alert& alert) {
  return alert.label("alertname") != prometheus::kExpectedDownAlert;
}

// 0 is the worst.
int rank(const std::string& severity) {
  if (severity == "page" || severity == "critical") return 0;
  if (severity == "ticket" || severity == "warning") return 1;
  return severity == "info" || severity == "none" ? 3 : 2;
}

auto order(const ServiceAlert& alert) {
  return std::tuple(alert.state != "Firing", rank(alert.severity), alert.since, alert.name,
                    alert.instance, alert.labels);
}

std::string silenced(const Alert& alert, const prometheus::AlertmanagerView* alertmanager) {
  if (alert.state != "firing") return "";
  if (alertmanager == nullptr) return "Unknown";
  const prometheus::SentAlert* sent = alertmanager->find(alert.labels);
  return sent != nullptr && (sent->silenced || sent->inhibited) ? "True" : "False";
}

ServiceAlert describe(const Alert& alert, const prometheus::AlertmanagerView* alertmanager) {
  ServiceAlert told;
  told.name = alert.label("alertname");
  told.severity = alert.label("severity");
  told.instance = alert.label("instance_name");
  told.state = alert.state == "firing" ? "Firing" : "Pending";
  told.since = alert.since;
  told.silenced = silenced(alert, alertmanager);
  told.summary = alert.summary;
  for (const auto& [name, value] : alert.labels) {
    if (std::ranges::find(kTold, name) == kTold.end() && told.labels.size() < kLabelsMax) {
      told.labels.emplace(name, value);
    }
  }
  return told;
}

bool is_same_alert(const ServiceAlert& a, const ServiceAlert& b) {
  return a.name == b.name && a.severity == b.severity && a.instance == b.instance &&
         a.since == b.since && a.labels == b.labels;
}

}  // namespace

ServiceAlerts report_alerts(const std::string& service_uid, const PrometheusSnapshot& snapshot,
                            const prometheus::AlertmanagerView* alertmanager,
                            const ServiceAlerts& before) {
  ServiceAlerts report;
  for (const Alert& alert : alerts_of(service_uid, snapshot)) {
    if (!is_news(alert)) continue;
    ++(alert.state == "firing" ? report.firing : report.pending);
    report.worst.push_back(describe(alert, alertmanager));
  }
  std::ranges::sort(report.worst, {}, order);
  if (report.worst.size() > kWorstMax) report.worst.resize(kWorstMax);
  for (ServiceAlert& alert : report.worst) {
    const auto old = std::ranges::find_if(
        before.worst, [&](const ServiceAlert& known) { return is_same_alert(known, alert); });
    if (old != before.worst.end()) alert.summary = old->summary;
  }
  return report;
}

api::v1alpha1::AlertCounts count_alerts(const std::string& service_uid,
                                        const std::string& server_id,
                                        const PrometheusSnapshot& snapshot) {
  api::v1alpha1::AlertCounts counts;
  for (const Alert& alert : alerts_of(service_uid, snapshot)) {
    if (server_id.empty() || alert.label("instance_id") != server_id || !is_news(alert)) continue;
    ++(alert.state == "firing" ? counts.firing : counts.pending);
  }
  return counts;
}

}  // namespace clickdeploy::reconcilers
