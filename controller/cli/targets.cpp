#include "controller/base/text.h"
#include "controller/cli/targets_internal.h"

#include <algorithm>

namespace clickdeploy::cli {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

Result<const api::ResourceInfo*> find_kind(const std::string& word) {
  const api::ResourceInfo* info = api::builtin_scheme().find_by_name(word);
  if (info == nullptr) {
    return wrong("there is no kind \"" + word + "\"; \"clickctl api-resources\" lists them");
  }
  return info;
}

// "csvc,inst" or a category.
Result<std::vector<const api::ResourceInfo*>> find_kinds(const std::string& word) {
  std::vector<const api::ResourceInfo*> kinds;
  for (const std::string& part : split(word, ',')) {
    const std::vector<const api::ResourceInfo*> members =
        api::builtin_scheme().find_by_category(part == "all" ? "clickdeploy" : part);
    if (!members.empty()) {
      kinds.insert(kinds.end(), members.begin(), members.end());
      continue;
    }
    Result<const api::ResourceInfo*> info = find_kind(part);
    if (!info) return std::unexpected(std::move(info).error());
    kinds.push_back(*info);
  }
  return kinds;
}

Result<Target> parse_pair(const std::string& word) {
  const std::size_t slash = word.find('/');
  Result<const api::ResourceInfo*> info = find_kind(word.substr(0, slash));
  if (!info) return std::unexpected(std::move(info).error());
  std::string name = word.substr(slash + 1);
  if (name.empty() || name.find('/') != std::string::npos) {
    return wrong("\"" + word + "\" is not KIND/NAME");
  }
  return Target{*info, std::move(name)};
}

}  // namespace

Result<std::vector<Target>> parse_targets(const std::vector<std::string>& words) {
  if (words.empty()) return wrong("no kind is named; write for example: service, or service/web");
  const auto is_pair = [](const std::string& word) { return word.contains('/'); };
  std::vector<Target> targets;
  if (std::ranges::any_of(words, is_pair)) {
    for (const std::string& word : words) {
      if (!is_pair(word)) {
        return wrong("\"" + word + "\" stands beside KIND/NAME; write each object as KIND/NAME");
      }
      Result<Target> target = parse_pair(word);
      if (!target) return std::unexpected(std::move(target).error());
      targets.push_back(*std::move(target));
    }
    return targets;
  }
  Result<std::vector<const api::ResourceInfo*>> kinds = find_kinds(words.front());
  if (!kinds) return std::unexpected(std::move(kinds).error());
  for (const api::ResourceInfo* info : *kinds) {
    if (words.size() == 1) targets.push_back({info, ""});
    for (std::size_t i = 1; i < words.size(); ++i) targets.push_back({info, words[i]});
  }
  return targets;
}

Result<std::vector<Target>> parse_chosen_targets(const ObjectArguments& objects) {
  Result<std::vector<Target>> targets = parse_targets(objects.words);
  if (!targets) return targets;
  const bool by_labels = !objects.selector.empty();
  for (const Target& target : *targets) {
    if (target.name.empty() && !objects.all && !by_labels) {
      return wrong("which " + target.info->plural + "? Name them, or say --all or -l SELECTOR");
    }
    if (!target.name.empty() && (objects.all || by_labels)) {
      return wrong("names do not go together with --all or -l");
    }
  }
  return targets;
}

Result<Target> parse_one_target(const std::vector<std::string>& words) {
  Result<std::vector<Target>> targets = parse_targets(words);
  if (!targets) return std::unexpected(std::move(targets).error());
  if (targets->size() != 1 || targets->front().name.empty()) {
    return wrong("name one object, as KIND/NAME");
  }
  return targets->front();
}

client::ResourcePath path_of(const api::ResourceInfo& info) {
  return {info.group, info.version, info.plural};
}

std::string namespace_for(const Session& session, const api::ResourceInfo& info) {
  return !info.namespaced || session.all_namespaces ? "" : session.namespace_name;
}

std::string display_name(const api::ResourceInfo& info, const std::string& name) {
  return info.singular + (info.group.empty() ? "" : "." + info.group) + "/" + name;
}

Error not_found(const Session& session, const Target& target) {
  std::string message = target.info->group_resource() + " \"" + target.name + "\" not found";
  if (target.info->namespaced) message += " in namespace \"" + session.namespace_name + "\"";
  return {ErrorCode::NotFound, std::move(message)};
}

Task<FoundObjects> find_objects(Session& session, std::vector<Target> targets,
                                client::Query query) {
  FoundObjects found;
  for (const Target& target : targets) {
    const client::ResourcePath path = path_of(*target.info);
    std::string namespace_name = namespace_for(session, *target.info);
    if (target.name.empty()) {
      Result<client::ObjectList> list = co_await session.client.list(path, namespace_name, query);
      if (!list) {
        found.errors.push_back(std::move(list).error());
        continue;
      }
      for (Json& item : list->items) found.objects.push_back({target.info, std::move(item)});
      continue;
    }
    if (target.info->namespaced && namespace_name.empty()) {
      found.errors.emplace_back(ErrorCode::InvalidArgument,
                                "an object cannot be named across all namespaces; use -n");
      continue;
    }
    api::ObjectKey key{namespace_name, target.name};
    Result<std::optional<Json>> object = co_await session.client.get(path, std::move(key));
    if (!object) {
      found.errors.push_back(std::move(object).error());
    } else if (!object->has_value()) {
      found.errors.push_back(not_found(session, target));
    } else {
      found.objects.push_back({target.info, std::move(**object)});
    }
  }
  co_return found;
}

const Json& condition_of(const Json& object, std::string_view type) {
  static const Json kNone;
  for (const Json& condition : object["status"]["conditions"].as_array()) {
    if (condition["type"].as_string() == type) return condition;
  }
  return kNone;
}

}  // namespace clickdeploy::cli
