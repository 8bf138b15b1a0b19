#include "api/core/event_columns.h"
#include "api/schema/table.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/cli/event_list_internal.h"
#include "controller/cli/going_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/cli/text_table_internal.h"

#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::size_t kHeadWidth = 14;
constexpr const char* kLastAppliedPrefix = "kubectl.kubernetes.io/last-applied";

void print_field(std::ostream& out, const std::string& name, const std::string& value) {
  std::string head = name + ":";
  head.append(head.size() < kHeadWidth ? kHeadWidth - head.size() : 1, ' ');
  out << head << printable(value) << '\n';
}

// One "key=value" a line, the first beside the name.
void print_map(std::ostream& out, const std::string& name, const Json& map, char separator) {
  std::string head = name;
  for (const auto& [key, value] : map.as_object()) {
    if (key.starts_with(kLastAppliedPrefix)) continue;
    const std::string text = printable(key + separator + value.as_string());
    if (head.empty()) {
      out << std::string(kHeadWidth, ' ') << text << '\n';
    } else {
      print_field(out, head, text);
    }
    head.clear();
  }
  if (!head.empty()) print_field(out, name, "<none>");
}

void print_block(std::ostream& out, const std::string& name, const Json& value) {
  if (value.empty()) return;
  out << name << ":\n";
  const std::string yaml = printable(to_yaml(value));
  std::size_t begin = 0;
  while (begin < yaml.size()) {
    const std::size_t end = yaml.find('\n', begin);
    out << "  " << yaml.substr(begin, end - begin) << '\n';
    if (end == std::string::npos) break;
    begin = end + 1;
  }
}

class Describer {
 public:
  Describer(Session& session, std::ostream& out) : out_(out), now_(session.clock.wall_now()) {}

  void describe(const FoundObject& found, const std::vector<Json>& events) {
    const Json& object = found.object;
    print_metadata(object);
    // What a Secret holds is nobody's business here: names and sizes.
    const bool secret = found.info->group.empty() && found.info->kind == "Secret";
    for (const auto& [key, value] : object.as_object()) {
      if (key == "apiVersion" || key == "kind" || key == "metadata" || key == "status") continue;
      print_block(out_, upper_first(key), secret && key == "data" ? sizes_of(value) : value);
    }
    Json status = object["status"];
    status.erase("conditions");
    print_block(out_, "Status", status);
    print_conditions(object["status"]["conditions"]);
    print_events(events);
  }

 private:
  static std::string upper_first(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
      text[0] = static_cast<char>(text[0] - 32);
    return text;
  }

  static Json sizes_of(const Json& data) {
    Json sizes = Json::object();
    for (const auto& [key, value] : data.as_object()) {
      const std::optional<std::string> bytes = base64_decode(value.as_string());
      sizes.set(key, std::to_string(bytes ? bytes->size() : 0) + " bytes");
    }
    return sizes;
  }

  std::string with_age(const std::string& time) const {
    return time + " (" + api::age_since(time, now_) + " ago)";
  }

  void print_metadata(const Json& object) {
    const Json& metadata = object["metadata"];
    print_field(out_, "Name", metadata["name"].as_string());
    if (metadata.contains("namespace")) {
      print_field(out_, "Namespace", metadata["namespace"].as_string());
    }
    print_map(out_, "Labels", metadata["labels"], '=');
    print_map(out_, "Annotations", metadata["annotations"], '=');
    print_field(out_, "API Version", object["apiVersion"].as_string());
    print_field(out_, "Kind", object["kind"].as_string());
    print_field(out_, "Created", with_age(metadata["creationTimestamp"].as_string()));
    if (metadata["generation"].is_int()) {
      print_field(out_, "Generation", std::to_string(metadata["generation"].as_int()));
    }
    for (const Json& owner : metadata["ownerReferences"].as_array()) {
      print_field(out_, "Owner", owner["kind"].as_string() + "/" + owner["name"].as_string());
    }
    if (metadata.contains("deletionTimestamp")) {
      print_field(out_, "Deleting",
                  with_age(metadata["deletionTimestamp"].as_string()) + "; " + waits_for(object));
    }
  }

  void print_conditions(const Json& conditions) {
    if (conditions.empty()) return;
    TextTable table;
    table.add({"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"});
    for (const Json& condition : conditions.as_array()) {
      table.add({condition["type"].as_string(), condition["status"].as_string(),
                 condition["reason"].as_string(),
                 api::age_since(condition["lastTransitionTime"].as_string(), now_),
                 condition["message"].as_string()});
    }
    out_ << "Conditions:\n";
    table.write(out_, "  ");
  }

  void print_events(const std::vector<Json>& events) {
    if (events.empty()) {
      print_field(out_, "Events", "<none>");
      return;
    }
    TextTable table;
    table.add({"LAST SEEN", "TYPE", "REASON", "FROM", "MESSAGE"});
    for (const Json& event : events) {
      const std::int64_t count = api::core::event_count(event, now_).as_int(1);
      std::string seen = api::core::event_last_seen(event, now_).as_string();
      if (count > 1) seen += " (x" + std::to_string(count) + ")";
      table.add({std::move(seen), event["type"].as_string(), event["reason"].as_string(),
                 api::core::event_source(event, now_).as_string(), event["message"].as_string()});
    }
    out_ << "Events:\n";
    table.write(out_, "  ");
  }

  std::ostream& out_;
  WallTime now_;
};

}  // namespace

Task<int> run_describe(Session& session, ObjectArguments objects) {
  Result<std::vector<Target>> targets = parse_targets(objects.words);
  if (!targets) {
    session.console.error(targets.error().message());
    co_return kWrongUsage;
  }
  client::Query query;
  if (!objects.selector.empty()) query.emplace_back("labelSelector", objects.selector);
  FoundObjects found = co_await find_objects(session, *targets, std::move(query));
  bool first = true;
  bool failed = false;
  for (const FoundObject& object : found.objects) {
    Result<client::ObjectList> events = co_await list_events(
        session, object.namespace_name(), events_about(*object.info, object.name()));
    if (!events) {
      failed = true;
      report(session, events.error());
    }
    std::ostream& out = session.console.out();
    if (!first) out << '\n';
    first = false;
    Describer(session, out).describe(object, events ? events->items : std::vector<Json>());
  }
  if (found.objects.empty() && found.errors.empty()) session.console.note("No resources found");
  for (const Error& error : found.errors) report(session, error);
  co_return failed || !found.errors.empty() ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
