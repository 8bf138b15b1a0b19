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

namespace {

double sum_of(const std::string& path, const char* expression, const char* table) {
  return BareStore(path).sum(fmt::format("SELECT sum({}) FROM {}", expression, table).c_str());
}

double document_bytes(const std::string& path) {
  return sum_of(path, "length(bytes)", "documents");
}

// Every object as small as those that others were measured with, and never changed.
void bench_small(const Sizes& sizes, const std::string& folder, Report& report) {
  const std::string path = folder + "/small.db";
  const double documents =
      in_child([&] {
        {
          Stack stack(path);
          send_all(stack.endpoint(), sizes.connections, small_posts(sizes.loaded));
        }
        return std::vector<double>{document_bytes(path)};
      }).at(0);
  const double count = static_cast<double>(sizes.loaded);
  std::vector<double> bytes;
  std::vector<double> open_millis;
  std::vector<double> read_millis;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    const Opened opened = open_in_child(path, History::Kept);
    bytes.push_back(opened.store_bytes / count);
    open_millis.push_back(opened.seconds * 1e3);
    read_millis.push_back(
        in_child([&] { return std::vector<double>{BareStore(path).read_all() * 1e3}; }).at(0));
  }
  const std::vector<double> limit(sizes.rounds, documents / count);
  report.add({.name = "memory of an object of 880 bytes",
              .unit = "bytes",
              .better = Better::Lower,
              .taken = medians_of(bytes, limit),
              .limit_is = "the bytes of its document",
              .aim = 1.6 * documents / count});
  report.add({.name = fmt::format("opening a store of {} of them", sizes.loaded),
              .unit = "ms",
              .better = Better::Lower,
              .taken = medians_of(open_millis, read_millis),
              .limit_is = "reading all its rows with bare SQLite"});
}

// A whole fleet as the reconcilers leave it.
void bench_instances(const Sizes& sizes, const std::string& folder, Report& report) {
  const std::string path = folder + "/memory.db";
  const std::vector<double> sums = in_child([&] {
    {
      Stack stack(path);
      fill(stack, sizes.loaded, sizes.connections);
    }
    return std::vector<double>{document_bytes(path),
                               sum_of(path, "length(previous_bytes) + length(final_bytes)", "log")};
  });
  const double documents = sums.at(0);
  const double history = sums.at(1);

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
  const auto add = [&](const char* name, const std::vector<double>& ours, double limit,
                       const char* limit_is) {
    const std::vector<double> limits(sizes.rounds, limit / count);
    report.add({.name = std::string("memory of an Instance, ") + name,
                .unit = "bytes",
                .better = Better::Lower,
                .taken = medians_of(ours, limits),
                .limit_is = limit_is});
  };
  add("store", plain, documents, "the bytes of its document");
  add("and its history", with_history, documents + history,
      "the bytes of its document and of the one before");
  add("store and controllers", with_cache, documents, "the bytes of its document");
  report.add({.name = fmt::format("opening a store of {} Instances", sizes.loaded),
              .unit = "ms",
              .better = Better::Lower,
              .taken = medians_of(open_millis, read_millis),
              .limit_is = "reading all its rows with bare SQLite"});
}

}  // namespace

void bench_memory(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("memory and opening: {} objects", sizes.loaded));
  bench_small(sizes, folder, report);
  bench_instances(sizes, folder, report);
}

}  // namespace clickdeploy::bench
