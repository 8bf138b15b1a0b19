#include "api/v1alpha1/codec.h"
#include "controller/async/block_on.h"
#include "tests/bench/bare_store.h"
#include "tests/bench/child.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace clickdeploy::bench {

using api::v1alpha1::Instance;

namespace {

enum class History { Kept, Dropped };

struct Opened {
  double store_bytes = 0;  // that the process grew by
  double cache_bytes = 0;
  double seconds = 0;
};

// As the daemon at its start: the store from the disk, then the controllers' cache of it.
Opened open_in_child(const std::string& path, History history) {
  const std::vector<double> values = in_child([&] {
    ThreadExecutor writer;
    store::StoreOptions options;
    options.path = path;
    options.writer = writer.executor();
    if (history == History::Dropped) options.log_events_max = 1;
    const double before = resident_bytes();
    const Stopwatch watch;
    auto opened = store::ObjectStore::open(std::move(options), apiserver::ApiServer::read_facts);
    const double seconds = watch.seconds();
    if (!opened) give_up(opened.error().message());
    const double loaded = resident_bytes();
    std::map<api::ObjectKey, std::shared_ptr<const Instance>> cache;
    for (const auto& document : (*opened)->list("instances.clickdeploy.io", {}).documents) {
      Result<Json> json = parse_json(document->bytes);
      if (!json) give_up(json.error().message());
      Result<Instance> instance = api::decode<Instance>(*json);
      if (!instance) give_up(instance.error().message());
      const api::ObjectKey key = instance->metadata.key();
      cache.emplace(key, std::make_shared<const Instance>(*std::move(instance)));
    }
    const double cached = resident_bytes();
    block_on((*opened)->stop());
    return std::vector<double>{loaded - before, cached - loaded, seconds};
  });
  return {values.at(0), values.at(1), values.at(2)};
}

}  // namespace

void bench_memory(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("memory and opening: {} Instances", sizes.loaded));
  const std::string path = folder + "/memory.db";
  const std::vector<double> bytes = in_child([&] {
    {
      Stack stack(path);
      fill(stack, sizes.loaded, sizes.connections);
    }
    BareStore bare(path);
    return std::vector<double>{
        bare.sum("SELECT sum(length(bytes)) FROM documents"),
        bare.sum("SELECT sum(length(previous_bytes) + length(final_bytes)) FROM log")};
  });
  const double documents = bytes.at(0);
  const double history = bytes.at(1);

  std::vector<double> plain;
  std::vector<double> with_history;
  std::vector<double> with_cache;
  std::vector<double> open_millis;
  std::vector<double> read_millis;
  const double count = static_cast<double>(sizes.loaded);
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    const Opened opened = open_in_child(path, History::Kept);
    with_history.push_back(opened.store_bytes / count);
    open_millis.push_back(opened.seconds * 1e3);
    read_millis.push_back(
        in_child([&] { return std::vector<double>{BareStore(path).read_all() * 1e3}; }).at(0));
    const Opened dropped = open_in_child(path, History::Dropped);
    plain.push_back(dropped.store_bytes / count);
    with_cache.push_back((dropped.store_bytes + dropped.cache_bytes) / count);
  }
  const auto against = [&](double limit) {
    return std::vector<double>(sizes.rounds, limit / count);
  };
  report.add("memory of an Instance, store", "bytes", Better::Lower,
             medians_of(plain, against(documents)), "the bytes of its document");
  report.add("memory of an Instance, and its history", "bytes", Better::Lower,
             medians_of(with_history, against(documents + history)),
             "the bytes of its document and of the one before");
  report.add("memory of an Instance, store and controllers", "bytes", Better::Lower,
             medians_of(with_cache, against(documents)), "the bytes of its document");
  report.add(fmt::format("opening a store of {}", sizes.loaded), "ms", Better::Lower,
             medians_of(open_millis, read_millis), "reading all its rows with bare SQLite");
}

}  // namespace clickdeploy::bench
