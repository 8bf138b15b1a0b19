// Random schemas, objects, managers and writes: the server and the model of apply_model.h must
// agree on every object, every owner and every conflict. A failure names its seed; set
// CLICKDEPLOY_APPLY_SEED to it to run that one alone.
//
// Sets and keyed lists are never empty here: Kubernetes does not count an empty one as a field, and
// what it makes of an object that holds nothing else is no rule worth a model.

#include "api/scheme.h"
#include "controller/apiserver/apply_fields_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/async/random.h"
#include "tests/apiserver/apply_model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace clickdeploy::apiserver {
namespace {

using model::Type;
using Kind = Type::Kind;

constexpr std::uint64_t kSeeds = 300;
constexpr int kWrites = 25;

class Case {
 public:
  explicit Case(std::uint64_t seed) : random_(seed) {
    Type spec = make_struct(3);
    root_.kind = Kind::Struct;
    root_.fields["apiVersion"] = Type{};
    root_.fields["kind"] = Type{};
    root_.fields["metadata"] = metadata_type();
    root_.fields["spec"] = std::move(spec);
    Json definition = Json::object({{"type", "object"}});
    definition.member("properties").set("spec", root_.fields["spec"].schema());
    info_.group = "clickdeploy.io";
    info_.version = "v1alpha1";
    info_.kind = "Service";
    info_.schema = api::Schema::compile(definition).value();
  }

  void run() {
    create();
    for (int i = 0; i < kWrites && !::testing::Test::HasFailure(); ++i) {
      ++now_;
      if (chance(45)) {
        apply_once();
      } else {
        update_once();
      }
    }
  }

 private:
  // ---- random types and values ----
  std::size_t below(std::size_t limit) { return random_.next() % limit; }
  bool chance(std::size_t percent) { return below(100) < percent; }

  static Type metadata_type() {
    Type texts;
    texts.kind = Kind::Map;
    texts.element = std::make_shared<Type>();
    Type names;
    names.kind = Kind::Set;
    names.element = std::make_shared<Type>();
    Type metadata;
    metadata.kind = Kind::Struct;
    metadata.fields["name"] = Type{};
    metadata.fields["labels"] = texts;
    metadata.fields["finalizers"] = names;
    return metadata;
  }

  Type make_struct(int depth) {
    Type type;
    type.kind = Kind::Struct;
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      if (chance(70)) type.fields[name] = make_type(depth - 1);
    }
    if (type.fields.empty()) type.fields["a"] = Type{};
    return type;
  }

  Type make_type(int depth) {
    static constexpr Kind kKinds[] = {Kind::Text, Kind::Number, Kind::AtomicList, Kind::AtomicMap,
                                      Kind::Set,  Kind::Map,    Kind::Keyed,      Kind::Struct};
    const Kind kind = kKinds[below(depth > 0 ? 8 : 5)];
    if (kind == Kind::Struct) return make_struct(depth);
    Type type;
    type.kind = kind;
    if (kind == Kind::Map) type.element = std::make_shared<Type>(make_type(depth - 1));
    if (kind == Kind::Set) {
      type.element = std::make_shared<Type>();
      if (chance(30)) type.element->kind = Kind::Number;
    }
    if (kind == Kind::Keyed) {
      Type item = make_struct(depth);
      item.fields["id"] = Type{};
      type.keys = {"id"};
      if (chance(30)) {
        item.fields["zone"] = Type{};
        type.keys.emplace_back("zone");
      }
      type.element = std::make_shared<Type>(std::move(item));
    }
    return type;
  }

  Json make_value(const Type& type) {
    static const std::vector<std::string> kNames = {"x", "y", "z", "a<b", "q\"r"};
    switch (type.kind) {
      case Kind::Text:
        return fmt::format("{}", below(3));
      case Kind::Number:
        return static_cast<std::int64_t>(below(3));
      case Kind::AtomicList: {
        Json list = Json::array();
        for (std::size_t i = below(3); i > 0; --i) list.push_back(fmt::format("{}", below(2)));
        return list;
      }
      case Kind::AtomicMap:
      case Kind::Map: {
        Json map = Json::object();
        for (std::size_t i = below(4); i > 0; --i) {
          map.set(kNames[below(3)], type.kind == Kind::Map ? make_value(*type.element)
                                                           : Json(fmt::format("{}", below(2))));
        }
        return map;
      }
      case Kind::Struct: {
        Json object = Json::object();
        for (const auto& [name, field] : type.fields) {
          if (chance(55)) object.set(name, make_value(field));
        }
        return object;
      }
      case Kind::Set: {
        Json list = Json::array();
        for (std::size_t i = 1 + below(3); i > 0; --i) {
          Json item = type.element->kind == Kind::Text ? Json(kNames[below(5)])
                                                       : Json(static_cast<std::int64_t>(below(4)));
          const JsonArray& items = list.as_array();
          if (std::find(items.begin(), items.end(), item) == items.end()) list.push_back(item);
        }
        return list;
      }
      case Kind::Keyed: {
        Json list = Json::array();
        for (std::size_t i = 1 + below(3); i > 0; --i) {
          Json item = make_value(*type.element);
          item.set("id", kNames[below(5)]);
          if (type.keys.size() > 1 && chance(70)) item.set("zone", kNames[below(2)]);
          const bool known =
              std::any_of(list.as_array().begin(), list.as_array().end(), [&](const Json& other) {
                return other["id"] == item["id"] && other["zone"] == item["zone"];
              });
          if (!known) list.push_back(std::move(item));
        }
        return list;
      }
    }
    return {};
  }

  // Some parts of a value anew, the rest as they are.
  Json mutate(const Type& type, const Json& value) {
    if (chance(15) || !type.is_container()) return make_value(type);
    Json changed = value;
    if (value.is_object()) {
      for (auto& [name, member] : changed.object_ref()) {
        const auto field = type.fields.find(name);
        const bool key = std::find(type.keys.begin(), type.keys.end(), name) != type.keys.end();
        const Type& below_it = field != type.fields.end() ? field->second : *type.element;
        if (!key && chance(40)) member = mutate(below_it, member);
      }
      return changed;
    }
    JsonArray& items = changed.array_ref();
    if (items.size() > 1 && chance(40)) items.erase(items.begin() + below_index(items.size()));
    if (items.size() > 1 && chance(40)) std::swap(items[0], items[below(items.size())]);
    if (type.kind == Kind::Keyed) {
      for (Json& item : items) {
        const Json before = item;
        item = mutate(*type.element, item);
        for (const std::string& key : type.keys) {
          item.erase(key);
          if (before.contains(key)) item.set(key, before[key]);
        }
      }
    }
    return changed;
  }
  std::ptrdiff_t below_index(std::size_t limit) {
    return static_cast<std::ptrdiff_t>(below(limit));
  }

  Json make_body() {
    Json body = Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                              {"kind", "Service"},
                              {"metadata", Json::object({{"name", "web"}})},
                              {"spec", make_value(root_.fields["spec"])}});
    for (const char* part : {"labels", "finalizers"}) {
      if (chance(40)) {
        body.member("metadata").set(part, make_value(root_.fields["metadata"].fields[part]));
      }
    }
    return body;
  }

  // ---- writes ----
  Writer writer(const std::string& manager) const {
    Writer writer;
    writer.manager = manager;
    writer.time = fmt::format("2026-11-22T00:00:{:02}Z", now_);
    return writer;
  }

  static Json bare(Json object) {
    object.member("metadata").erase("managedFields");
    return object;
  }

  void create() {
    if (chance(50)) {
      live_ = make_body();
      track_update(info_, writer("u0"), nullptr, live_);
      object_.update("u0", model::flatten(root_, bare(live_)));
      times_[{"Update", "u0"}] = now_;
    } else {
      const Json body = make_body();
      Answer<Json> made = apply_fields({info_, writer("m0"), false}, nullptr, body);
      ASSERT_TRUE(made.has_value());
      live_ = std::move(*made);
      object_.nodes = model::flatten(
          root_, Json::object({{"apiVersion", body["apiVersion"]}, {"kind", body["kind"]}}));
      object_.apply("m0", model::flatten(root_, body), false);
      times_[{"Apply", "m0"}] = now_;
    }
    compare("create");
  }

  void update_once() {
    const std::string manager = fmt::format("u{}", below(3));
    Json changed = bare(live_);
    changed.set("spec", mutate(root_.fields["spec"], changed["spec"]));
    if (chance(30)) {
      Json metadata = make_body()["metadata"];
      changed.set("metadata", std::move(metadata));
    }
    const model::Nodes wanted = model::flatten(root_, changed);
    if (chance(50)) {  // what a patch does: it brings along what is stored
      changed.member("metadata").set("managedFields", live_["metadata"]["managedFields"]);
    }
    track_update(info_, writer(manager), &live_, changed);
    live_ = std::move(changed);
    if (object_.update(manager, wanted)) times_[{"Update", manager}] = now_;
    compare("update by " + manager);
  }

  void apply_once() {
    const std::string manager = fmt::format("m{}", below(3));
    const bool force = chance(60);
    Json body = chance(30) && bodies_.contains(manager) ? bodies_[manager] : make_body();
    if (chance(50)) body = keep_part(body);
    const model::Nodes config = model::flatten(root_, body);
    const Json before = bare(live_);
    const Answer<Json> answer = apply_fields({info_, writer(manager), force}, &live_, body);
    if (object_.owners.empty()) times_[model::kBefore] = now_;
    const model::Owners conflicts = object_.apply(manager, config, force);
    const std::string what = "apply by " + manager + " of " + to_json(body);
    if (!answer.has_value()) {
      compare_conflicts(what, answer.error(), conflicts);
      return;
    }
    ASSERT_TRUE(conflicts.empty()) << what << " should have conflicts";
    live_ = *answer;
    bodies_[manager] = body;
    if (bare(live_) != before) times_[{"Apply", manager}] = now_;
    compare(what);
    check_order(root_, before, body, live_, what);
    const Answer<Json> again = apply_fields({info_, writer(manager), false}, &live_, body);
    ASSERT_TRUE(again.has_value()) << what;
    EXPECT_EQ(to_json(*again), to_json(live_)) << what << ", again";
  }

  // A body with live values in places: owners share fields.
  Json keep_part(Json body) {
    for (auto& [name, value] : body.member("spec").object_ref()) {
      if (chance(60) && live_["spec"].contains(name)) value = live_["spec"][name];
    }
    return body;
  }

  // ---- checks ----
  void compare(const std::string& what) {
    EXPECT_EQ(texts(model::flatten(root_, bare(live_))), texts(object_.nodes)) << what;
    model::Owners actual;
    std::map<model::OwnerId, std::string> actual_times;
    std::vector<std::string> order;
    for (const Json& entry : live_["metadata"]["managedFields"].as_array()) {
      const model::OwnerId id{entry["operation"].as_string(), entry["manager"].as_string()};
      actual[id] = model::flatten_fields(entry["fieldsV1"]);
      actual_times[id] = entry["time"].as_string();
      order.push_back(id.first + entry["time"].as_string() + " " + id.second);
    }
    EXPECT_EQ(shown(actual), shown(object_.owners)) << what;
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << what;
    std::erase_if(times_,
                  [this](const auto& time) { return !object_.owners.contains(time.first); });
    for (const auto& [id, time] : actual_times) {
      const auto known = times_.find(id);
      EXPECT_EQ(time,
                known == times_.end() ? "" : fmt::format("2026-11-22T00:00:{:02}Z", known->second))
          << what << ": " << id.second;
    }
  }

  static std::string shown(const model::Path& path) {
    std::string text;
    for (const std::string& step : path) text += step;
    return text;
  }
  static std::vector<std::string> texts(const model::Nodes& nodes) {
    std::vector<std::string> lines;
    for (const auto& [path, node] : nodes) lines.push_back(shown(path) + ": " + node.text);
    return lines;
  }
  static std::vector<std::string> shown(const model::Owners& owners) {
    std::vector<std::string> lines;
    for (const auto& [id, paths] : owners) {
      for (const model::Path& path : paths)
        lines.push_back(id.first + " " + id.second + " " + shown(path));
    }
    return lines;
  }

  static void compare_conflicts(const std::string& what, const ApiError& error,
                                const model::Owners& conflicts) {
    ASSERT_EQ(error.code, 409) << what << ": " << error.message;
    std::map<std::string, std::size_t> actual;
    for (const Cause& cause : error.causes) ++actual[cause.message];
    std::map<std::string, std::size_t> expected;
    for (const auto& [id, paths] : conflicts) {
      const std::string by = id.first == "Apply" ? "" : " using clickdeploy.io/v1alpha1";
      expected["conflict with \"" + id.second + "\"" + by] += paths.size();
    }
    EXPECT_EQ(actual, expected) << what;
  }

  // In each set or keyed list: items of the body in its order, all others in the order of before.
  void check_order(const Type& type, const Json& before, const Json& body, const Json& after,
                   const std::string& what) {
    if (type.kind == Kind::Struct || type.kind == Kind::Map) {
      for (const auto& [name, value] : after.as_object()) {
        const auto field = type.fields.find(name);
        if (field == type.fields.end() && !type.element) continue;  // managedFields
        check_order(field != type.fields.end() ? field->second : *type.element, before[name],
                    body[name], value, what);
      }
    }
    if (type.kind != Kind::Set && type.kind != Kind::Keyed) return;
    const auto key = [&type](const Json& item) {
      return type.kind == Kind::Set ? to_json(item) : to_json(item["id"]) + to_json(item["zone"]);
    };
    const auto keys = [&key](const Json& list, auto keep) {
      std::vector<std::string> result;
      for (const Json& item : list.as_array()) {
        if (keep(key(item))) result.push_back(key(item));
      }
      return result;
    };
    const auto in = [&keys](const Json& list) {
      const std::vector<std::string> all = keys(list, [](const std::string&) { return true; });
      return std::set<std::string>(all.begin(), all.end());
    };
    const std::set<std::string> applied = in(body);
    const std::set<std::string> present = in(after);
    const auto is_applied = [&](const std::string& k) { return applied.contains(k); };
    const auto is_other = [&](const std::string& k) {
      return present.contains(k) && !applied.contains(k);
    };
    EXPECT_EQ(keys(after, is_applied), keys(body, is_applied)) << what;
    EXPECT_EQ(keys(after, is_other), keys(before, is_other)) << what;
  }

  SeededRandom random_;
  Type root_;
  api::ResourceInfo info_;
  Json live_;
  model::Object object_;
  std::map<model::OwnerId, int> times_;
  std::map<std::string, Json> bodies_;
  int now_ = 0;
};

TEST(ApplyProperty, TheServerAndTheModelAgree) {
  std::uint64_t first = 1;
  std::uint64_t last = kSeeds;
  if (const char* seed = std::getenv("CLICKDEPLOY_APPLY_SEED")) {
    first = last = std::strtoull(seed, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("CLICKDEPLOY_APPLY_SEED={}", seed));
    Case(seed).run();
  }
}

}  // namespace
}  // namespace clickdeploy::apiserver
