#include "controller/app/own_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace clickdeploy::app {

namespace {

::prometheus::MetricFamily family(const char* name, const char* help,
                                  ::prometheus::MetricType type) {
  ::prometheus::MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

void add(::prometheus::MetricFamily& to, const std::string& kind, double value) {
  ::prometheus::ClientMetric metric;
  if (!kind.empty()) metric.label = {{"kind", kind}};
  metric.counter.value = value;
  metric.gauge.value = value;
  to.metric.push_back(std::move(metric));
}

}  // namespace

std::string render_own_metrics(const std::vector<QueueCounts>& counts,
                               const store::ObjectStore& store) {
  using ::prometheus::MetricType;
  auto reconciles = family("clickdeploy_reconciles_total", "Reconciles that ended, by kind.",
                           MetricType::Counter);
  auto errors = family("clickdeploy_reconcile_errors_total", "Reconciles that failed, by kind.",
                       MetricType::Counter);
  auto depth = family("clickdeploy_queue_depth", "Keys that wait for a worker now, by kind.",
                      MetricType::Gauge);
  auto delayed = family("clickdeploy_queue_delayed", "Keys that wait for their time, by kind.",
                        MetricType::Gauge);
  for (const QueueCounts& count : counts) {
    add(reconciles, count.kind, static_cast<double>(count.reconciles));
    add(errors, count.kind, static_cast<double>(count.errors));
    add(depth, count.kind, static_cast<double>(count.ready));
    add(delayed, count.kind, static_cast<double>(count.delayed));
  }
  auto revision = family("clickdeploy_store_revision", "The newest revision of the database.",
                         MetricType::Gauge);
  add(revision, "", static_cast<double>(store.revision()));
  return ::prometheus::TextSerializer().Serialize({reconciles, errors, depth, delayed, revision});
}

}  // namespace clickdeploy::app
