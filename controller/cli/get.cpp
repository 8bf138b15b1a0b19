#include "controller/base/text.h"
#include "controller/cli/follow_internal.h"
#include "controller/cli/object_output_internal.h"
#include "controller/cli/object_table_internal.h"
#include "controller/cli/targets_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

// The objects of one kind, in the order of the command line.
struct Group {
  const api::ResourceInfo* info = nullptr;
  std::vector<Json> objects;
};

std::vector<Group> by_kind(FoundObjects& found) {
  std::vector<Group> groups;
  for (FoundObject& object : found.objects) {
    auto group = std::ranges::find(groups, object.info, &Group::info);
    if (group == groups.end()) group = groups.insert(groups.end(), Group{object.info, {}});
    group->objects.push_back(std::move(object.object));
  }
  return groups;
}

ObjectTableOptions table_options(const Session& session, const GetOptions& options,
                                 const ObjectOutput& output, const api::ResourceInfo& info) {
  return {.wide = output.form() == ObjectOutput::Form::Wide,
          .with_namespace = session.all_namespaces && info.namespaced,
          .with_labels = options.show_labels,
          .with_kind = false};
}

void print_tables(Session& session, const GetOptions& options, const ObjectOutput& output,
                  const std::vector<Group>& groups, bool several_kinds) {
  std::ostream& out = session.console.out();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) out << '\n';
    ObjectTableOptions columns = table_options(session, options, output, *groups[i].info);
    columns.with_kind = several_kinds;
    const ObjectTable table(*groups[i].info, columns);
    TextTable text;
    if (!options.no_headers) text.add(table.header());
    for (const Json& object : groups[i].objects) {
      text.add(table.row(object, session.clock.wall_now()));
    }
    text.write(out);
  }
}

void print_objects(Session& session, const ObjectOutput& output, std::vector<Group> groups,
                   bool one_named) {
  std::ostream& out = session.console.out();
  std::vector<Json> items;
  for (Group& group : groups) {
    for (Json& object : group.objects) {
      if (output.form() == ObjectOutput::Form::Name) out << output.print_name(*group.info, object);
      items.push_back(std::move(object));
    }
  }
  if (output.form() == ObjectOutput::Form::Name) return;
  if (one_named && items.empty()) return;  // the error has been told
  out << output.print(one_named ? items.front() : as_list(std::move(items)));
}

std::string nothing_found(const Session& session, const std::vector<Target>& targets) {
  const bool cluster_wide =
      std::ranges::none_of(targets, [](const Target& target) { return target.info->namespaced; });
  if (cluster_wide || session.all_namespaces) return "No resources found";
  return "No resources found in " + session.namespace_name + " namespace.";
}

// A watch of one object is one of a collection with a single member: `name`.
client::Query query_of(const GetOptions& options, const std::string& name = "") {
  client::Query query;
  if (!options.objects.selector.empty()) {
    query.emplace_back("labelSelector", options.objects.selector);
  }
  std::vector<std::string> fields;
  if (!options.field_selector.empty()) fields.push_back(options.field_selector);
  if (!name.empty()) fields.push_back("metadata.name=" + name);
  if (!fields.empty()) query.emplace_back("fieldSelector", join(fields, ","));
  return query;
}

// Prints rows as objects change, until the server or the request's time-out ends it.
class Watcher {
 public:
  Watcher(Session& session, const GetOptions& options, const ObjectOutput& output, Target target)
      : session_(session),
        output_(output),
        target_(std::move(target)),
        table_(*target_.info, table_options(session, options, output, *target_.info)),
        query_(query_of(options, target_.name)) {
    if (!options.no_headers) text_.add(table_.header());
  }

  Task<int> run() {
    const client::ResourcePath path = path_of(*target_.info);
    const std::string namespace_name = namespace_for(session_, *target_.info);
    Result<client::ObjectList> list = co_await session_.client.list(path, namespace_name, query_);
    if (!list) co_return failed(list.error());
    for (const Json& object : list->items) show(object);
    Following what{path, namespace_name, list->resource_version, query_};
    Result<void> followed =
        co_await follow(session_, std::move(what), [this](const Json& object) { show(object); });
    if (!followed) co_return failed(followed.error());
    co_return kDone;
  }

 private:
  int failed(const Error& error) {
    report(session_, error);
    return kFailed;
  }

  void show(const Json& object) {
    std::ostream& out = session_.console.out();
    if (output_.is_table()) {
      text_.add(table_.row(object, session_.clock.wall_now()));
      text_.write(out);
    } else if (output_.form() == ObjectOutput::Form::Name) {
      out << output_.print_name(*target_.info, object);
    } else {
      if (output_.form() == ObjectOutput::Form::Yaml) out << "---\n";
      out << output_.print(object);
    }
    out.flush();
  }

  Session& session_;
  const ObjectOutput& output_;
  Target target_;
  ObjectTable table_;
  client::Query query_;
  TextTable text_;
};

}  // namespace

Task<int> run_get(Session& session, GetOptions options) {
  Result<ObjectOutput> output = ObjectOutput::parse(options.output);
  Result<std::vector<Target>> targets = parse_targets(options.objects.words);
  if (!output || !targets) {
    session.console.error((output ? targets.error() : output.error()).message());
    co_return kWrongUsage;
  }
  if (options.watch) {
    if (targets->size() != 1) {
      session.console.error("--watch goes with one kind, or one object");
      co_return kWrongUsage;
    }
    Watcher watcher(session, options, *output, targets->front());
    const int code = co_await watcher.run();
    co_return code;
  }
  FoundObjects found = co_await find_objects(session, *targets, query_of(options));
  const bool several_kinds = targets->front().info != targets->back().info;
  const bool one_named = targets->size() == 1 && !targets->front().name.empty();
  const std::vector<Group> groups = by_kind(found);
  if (!output->is_table()) {
    print_objects(session, *output, groups, one_named);
  } else if (groups.empty() && found.errors.empty()) {
    session.console.note(nothing_found(session, *targets));
  } else {
    print_tables(session, options, *output, groups, several_kinds);
  }
  for (const Error& error : found.errors) report(session, error);
  co_return found.errors.empty() ? kDone : kFailed;
}

}  // namespace clickdeploy::cli
