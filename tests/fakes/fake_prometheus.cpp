#include "tests/fakes/fake_prometheus.h"

#include "controller/base/text.h"
#include "tests/fakes/fake_rule_checker.h"

#include <algorithm>

namespace clickdeploy::fakes {

namespace {

std::string value_of(const std::map<std::string, std::string>& labels, const std::string& name,
                     const std::string& otherwise) {
  const auto found = labels.find(name);
  return found == labels.end() ? otherwise : found->second;
}

std::string text_of(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += name + "=" + go_quote(value) + ",";
  return text;
}

// Targets are spread over their interval by a hash, as Prometheus does.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace

FakePrometheus::FakePrometheus(Disk& disk, Clock& clock, Scraper scraper,
                               FakePrometheusOptions options)
    : disk_(disk), clock_(clock), scraper_(std::move(scraper)), options_(std::move(options)) {
  load_rules();
}

Task<void> FakePrometheus::run() {
  while (true) {
    if (!down_ && clock_.steady_now() >= look_due_) {
      look_at_targets(false);
      look_due_ = clock_.steady_now() + look_every_;
    }
    if (!down_) scrape_due();
    co_await clock_.sleep(next_due() - clock_.steady_now());
  }
}

SteadyTime FakePrometheus::next_due() const {
  const SteadyTime now = clock_.steady_now();
  if (down_) return now + std::chrono::seconds(1);
  SteadyTime due = look_due_;
  for (const auto& [key, target] : targets_) due = std::min(due, target.due);
  return std::max(due, now + std::chrono::milliseconds(1));
}

void FakePrometheus::set_down(bool down) {
  if (down_ == down) return;
  down_ = down;
  if (down) return;
  sources_.clear();
  targets_.clear();
  look_due_ = clock_.steady_now();
  load_rules();
}

Result<FakePrometheus::Groups> FakePrometheus::read_targets(const std::string& text) const {
  Result<Json> list = parse_json(text);
  if (!list) return std::unexpected(std::move(list).error());
  if (list->is_null()) return Groups{};
  if (!list->is_array()) return fail(ErrorCode::InvalidArgument, "cannot unmarshal object");
  Groups groups;
  for (const Json& group : list->as_array()) {
    if (!group.is_object()) return fail(ErrorCode::InvalidArgument, "nil target group item");
    for (const auto& [name, value] : group.as_object()) {
      if (name == "targets" || name == "labels") continue;
      return fail(ErrorCode::InvalidArgument, "unknown field " + go_quote(name));
    }
    Labels labels;
    for (const auto& [name, value] : group["labels"].as_object()) {
      if (!value.is_string()) return fail(ErrorCode::InvalidArgument, "a label is not a string");
      if (!value.as_string().empty()) labels[name] = value.as_string();
    }
    if (group["targets"].empty()) groups.emplace_back("", labels);
    for (const Json& address : group["targets"].as_array()) {
      groups.emplace_back(address.as_string(), labels);
    }
  }
  return groups;
}

void FakePrometheus::configure(std::vector<FakeScrapeJob> jobs, ListSource ask) {
  jobs_ = std::move(jobs);
  ask_ = std::move(ask);
}

FakePrometheus::Sources FakePrometheus::read_files(bool drop_malformed) const {
  Sources next;
  Result<std::vector<FileInfo>> list = disk_.list(options_.targets_folder);
  if (!list) return next;
  for (const FileInfo& info : *list) {
    const auto job = std::ranges::find_if(
        jobs_, [&](const FakeScrapeJob& each) { return info.name.ends_with(each.file_suffix); });
    if (job == jobs_.end()) continue;
    const std::string path = options_.targets_folder + "/" + info.name;
    Result<std::string> text = disk_.read(path);
    Result<Groups> groups = fail(ErrorCode::NotFound, "no such file");
    if (text) groups = read_targets(*text);
    if (groups) {
      next[path] = {static_cast<std::size_t>(job - jobs_.begin()), *std::move(groups)};
    } else if (sources_.contains(path) && !drop_malformed) {
      next[path] = sources_.at(path);
    }
  }
  return next;
}

FakePrometheus::Sources FakePrometheus::ask_for_lists() const {
  Sources next;
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    const std::string& name = jobs_[job].name;
    const std::optional<std::string> body = ask_(name);
    Result<Groups> groups = fail(ErrorCode::NotFound, "no list");
    if (body) groups = read_targets(*body);
    if (groups) {
      next[name] = {job, *std::move(groups)};
    } else if (sources_.contains(name)) {
      next[name] = sources_.at(name);
    }
  }
  return next;
}

void FakePrometheus::look_at_targets(bool reload) {
  Sources next = ask_ ? ask_for_lists() : read_files(reload);
  std::set<std::size_t> silent;
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    const bool news = std::ranges::any_of(next, [&](const auto& source) {
      return source.second.job == job && !source.second.groups.empty();
    });
    if (!news && (without_news_.contains(job) || reload)) silent.insert(job);
  }
  without_news_ = std::move(silent);
  sources_ = std::move(next);
  publish_targets();
}

std::size_t FakePrometheus::targets_of_services() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      targets_, [](const auto& each) { return each.second.discovered.contains("service_id"); }));
}

void FakePrometheus::publish_targets() {
  std::map<std::string, Target> next;
  for (const auto& [key, target] : targets_) {
    if (without_news_.contains(target.job)) next.emplace(key, target);
  }
  for (const auto& [name, source] : sources_) {
    if (without_news_.contains(source.job)) continue;
    for (const auto& [address, labels] : source.groups) {
      if (address.empty()) continue;
      Target target = make_target(name, source.job, address, labels);
      const std::string key = target.url + " " + text_of(target.discovered);
      const auto known = targets_.find(key);
      if (known != targets_.end()) {
        target.due = known->second.due;
        target.scraped = known->second.scraped;
      }
      next.emplace(key, std::move(target));
    }
  }
  targets_ = std::move(next);
}

FakePrometheus::Target FakePrometheus::make_target(const std::string& source,
                                                   std::size_t job_number,
                                                   const std::string& address,
                                                   Labels labels) const {
  const FakeScrapeJob& job = jobs_.at(job_number);
  Target target;
  target.source = source;
  target.job = job_number;
  target.authorization = job.authorization;
  target.discovered = std::move(labels);
  target.discovered.try_emplace("job", job.name);
  target.discovered["__address__"] = address;
  for (const auto& [name, value] : target.discovered) {
    if (!name.starts_with("__")) target.labels[name] = value;
  }
  target.labels.try_emplace("instance", address);
  target.url = value_of(target.discovered, "__scheme__", job.scheme) + "://" + address +
               value_of(target.discovered, "__metrics_path__", "/metrics");
  const auto interval =
      parse_prometheus_duration(value_of(target.discovered, "__scrape_interval__", ""));
  target.interval = interval.value_or(options_.scrape_interval);
  const std::uint64_t offset =
      hash_of(text_of(target.discovered)) % static_cast<std::uint64_t>(target.interval.count());
  target.due = clock_.steady_now() + std::chrono::milliseconds(offset);
  return target;
}

void FakePrometheus::scrape_due() {
  const SteadyTime now = clock_.steady_now();
  for (auto& [key, target] : targets_) {
    if (target.due > now) continue;
    target.due = now + target.interval;
    const ScrapeAnswer answer = scraper_(target.url, target.authorization);
    target.scraped = {.health = answer.up ? "up" : "down",
                      .error = answer.error,
                      .at = clock_.wall_now(),
                      .ever = true};
  }
}

bool FakePrometheus::load_rules() {
  configured_ = clock_.wall_now();
  std::vector<RuleFile> next;
  Result<std::vector<FileInfo>> list = disk_.list(options_.rules_folder);
  if (list) {
    for (const FileInfo& info : *list) {
      if (!info.name.ends_with(".yml")) continue;
      const std::string path = options_.rules_folder + "/" + info.name;
      Result<std::string> text = disk_.read(path);
      if (!text) return reload_success_ = false;
      const auto loaded = std::ranges::find(rules_, path, &RuleFile::path);
      const bool same = loaded != rules_.end() && loaded->text == *text;
      Result<Json> document = same ? loaded->document : read_rule_file(*text);
      if (!document) return reload_success_ = false;
      next.push_back({path, *std::move(text), *std::move(document)});
    }
  }
  rules_ = std::move(next);
  rules_loaded_ = clock_.steady_now();
  return reload_success_ = true;
}

std::vector<std::string> FakePrometheus::rule_names() const {
  std::vector<std::string> names;
  for (const RuleFile& file : rules_) {
    for (const Json& group : file.document["groups"].as_array()) {
      for (const Json& rule : group["rules"].as_array()) {
        names.push_back(rule[rule.contains("alert") ? "alert" : "record"].as_string());
      }
    }
  }
  return names;
}

std::string FakePrometheus::rule_expression(const std::string& name) const {
  for (const RuleFile& file : rules_) {
    for (const Json& group : file.document["groups"].as_array()) {
      for (const Json& rule : group["rules"].as_array()) {
        if (rule["alert"].as_string() == name || rule["record"].as_string() == name) {
          return rule["expr"].as_string();
        }
      }
    }
  }
  return "";
}

}  // namespace clickdeploy::fakes
