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

void add(::prometheus::MetricFamily& to, const Durations& durations) {
  ::prometheus::ClientMetric metric;
  metric.histogram.sample_count = durations.count;
  metric.histogram.sample_sum = durations.sum_seconds;
  for (std::size_t i = 0; i < Durations::kBounds.size(); ++i) {
    ::prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = durations.at_most[i];
    bucket.upper_bound = Durations::kBounds[i];
    metric.histogram.bucket.push_back(bucket);
  }
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

std::string render_expected_down(const std::vector<reconcilers::ExpectedDown>& down) {
  auto expected = family("click_deploy_expected_down",
                         "Instances that the controller takes down itself now, and why.",
                         ::prometheus::MetricType::Gauge);
  for (const reconcilers::ExpectedDown& one : down) {
    ::prometheus::ClientMetric metric;
    metric.label = {{"instance_id", one.instance_id},
                    {"instance_name", one.instance_name},
                    {"namespace", one.namespace_name},
                    {"project_id", one.project_id},
                    {"reason", one.reason},
                    {"service", one.service},
                    {"service_id", one.service_id}};
    metric.gauge.value = 1;
    expected.metric.push_back(std::move(metric));
  }
  return ::prometheus::TextSerializer().Serialize({expected});
}

std::string render_chain_times(const ChainTimes& times) {
  auto scrapes = family("clickdeploy_first_scrape_duration_seconds",
                        "From a server's ACTIVE to the first time that Prometheus has scraped all "
                        "of its agents.",
                        ::prometheus::MetricType::Histogram);
  add(scrapes, times.first_scrapes());
  auto loads = family("clickdeploy_rules_load_duration_seconds",
                      "From a change of a policy's rules to the moment when Prometheus has loaded "
                      "all of them.",
                      ::prometheus::MetricType::Histogram);
  add(loads, times.rule_loads());
  return ::prometheus::TextSerializer().Serialize({scrapes, loads});
}

std::string render_api_metrics(const apiserver::ApiServer& api, const store::ObjectStore& store) {
  using ::prometheus::MetricType;
  auto requests = family("apiserver_request_total",
                         "Requests for objects that were answered, by what they asked and the "
                         "code of the answer.",
                         MetricType::Counter);
  for (const apiserver::RequestCount& one : api.request_counts()) {
    ::prometheus::ClientMetric metric;
    metric.label = {
        {"code", std::to_string(one.code)}, {"group", one.group}, {"resource", one.resource},
        {"subresource", one.subresource},   {"verb", one.verb},   {"version", one.version}};
    metric.counter.value = static_cast<double>(one.count);
    requests.metric.push_back(std::move(metric));
  }
  auto open =
      family("apiserver_longrunning_requests", "Watches that are open now.", MetricType::Gauge);
  ::prometheus::ClientMetric watches;
  watches.label = {{"verb", "WATCH"}};
  watches.gauge.value = static_cast<double>(api.open_watches());
  open.metric.push_back(std::move(watches));
  auto objects = family("apiserver_storage_objects", "Objects that are stored, by resource.",
                        MetricType::Gauge);
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    if (info.read_only || info.group == "events.k8s.io") continue;  // not stored, or stored as v1
    ::prometheus::ClientMetric metric;
    metric.label = {{"resource", info.group_resource()}};
    metric.gauge.value =
        static_cast<double>(store.list(info.group_resource(), std::nullopt).documents.size());
    objects.metric.push_back(std::move(metric));
  }
  return ::prometheus::TextSerializer().Serialize({requests, open, objects});
}

}  // namespace clickdeploy::app
