#include "api/schema/json_path.h"
#include "controller/base/text.h"
#include "controller/cli/going_internal.h"
#include "controller/cli/targets_internal.h"

#include <memory>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::milliseconds kFirstLook{50};
constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::seconds kQuiet{1};  // what takes no longer needs no words

// What --for asks of an object.
class Wish {
 public:
  static Result<Wish> parse(const std::string& text) {
    Wish wish;
    constexpr std::string_view kCondition = "condition=";
    constexpr std::string_view kPath = "jsonpath=";
    if (text == "delete") {
      wish.gone_ = true;
    } else if (text.starts_with(kCondition)) {
      const std::string rest = text.substr(kCondition.size());
      const std::size_t equals = rest.find('=');
      wish.condition_ = rest.substr(0, equals);
      wish.value_ = equals == std::string::npos ? "True" : rest.substr(equals + 1);
    } else if (text.starts_with(kPath)) {
      const std::string rest = text.substr(kPath.size());
      const std::size_t close = rest.rfind('}');
      const std::size_t equals = rest.find('=', close == std::string::npos ? 0 : close);
      Result<api::JsonPath> path = api::JsonPath::parse(rest.substr(0, equals));
      if (!path) return std::unexpected(std::move(path).error().with_context("--for"));
      wish.path_ = std::make_shared<const api::JsonPath>(*std::move(path));
      wish.any_value_ = equals == std::string::npos;
      if (!wish.any_value_) wish.value_ = rest.substr(equals + 1);
    } else {
      return fail(ErrorCode::InvalidArgument,
                  "--for=" + text +
                      " is not known; use condition=TYPE[=STATUS], delete or "
                      "jsonpath={PATH}[=VALUE]");
    }
    return wish;
  }

  bool is_deletion() const { return gone_; }

  bool holds(const Json& object) const {
    if (gone_) return false;
    if (path_ != nullptr) {
      const Json* value = path_->first(object);
      return value != nullptr && (any_value_ || text_of(*value) == value_);
    }
    const Json& condition = condition_of(object, condition_);
    const Json& generation = condition["observedGeneration"];
    const bool current =
        !generation.is_int() || generation.as_int() >= object["metadata"]["generation"].as_int();
    return current && to_lower(condition["status"].as_string()) == to_lower(value_);
  }

  // What is instead, for people.
  std::string instead(const Json& object) const {
    if (gone_) return waits_for(object);
    if (path_ != nullptr) {
      const Json* value = path_->first(object);
      return value == nullptr ? "the path leads to nothing" : "it is " + text_of(*value);
    }
    const Json& condition = condition_of(object, condition_);
    if (condition.is_null()) return "there is no condition " + condition_ + " yet";
    return condition_ + " is " + condition["status"].as_string() + " (" +
           condition["reason"].as_string() + "): " + condition["message"].as_string();
  }

 private:
  static std::string text_of(const Json& value) {
    return value.is_string() ? value.as_string() : to_json(value);
  }

  bool gone_ = false;
  std::string condition_;
  std::shared_ptr<const api::JsonPath> path_;
  bool any_value_ = false;
  std::string value_;
};

// True when it came true; false, after having said so, when the time was up.
Task<bool> wait_for_one(Session& session, FoundObject object, Wish wish, SteadyTime until) {
  const std::string name = display_name(*object.info, object.name());
  const api::ObjectKey key{object.namespace_name(), object.name()};
  const std::string uid = object.object["metadata"]["uid"].as_string();
  const SteadyTime begin = session.clock.steady_now();
  std::chrono::milliseconds pause = kFirstLook;
  Json seen = std::move(object.object);
  while (!wish.holds(seen)) {
    if (session.clock.steady_now() >= until) {
      session.console.error("timed out waiting on " + name + ": " + wish.instead(seen));
      co_return false;
    }
    if (session.clock.steady_now() - begin >= kQuiet) {
      session.console.progress("waiting for " + name + ": " + wish.instead(seen));
    }
    co_await session.clock.sleep(pause);
    pause = std::min(kLookEvery, pause * 2);
    Result<std::optional<Json>> now = co_await session.client.get(path_of(*object.info), key);
    if (!now) {
      report(session, now.error());
      co_return false;
    }
    const bool gone = !now->has_value() || (**now)["metadata"]["uid"].as_string() != uid;
    if (gone && wish.is_deletion()) break;
    if (gone) {
      session.console.error(name + " was deleted while we waited for it");
      co_return false;
    }
    seen = std::move(**now);
  }
  session.console.out() << name << " condition met" << std::endl;
  co_return true;
}

}  // namespace

Task<int> run_wait(Session& session, WaitOptions options) {
  Result<Wish> wish = Wish::parse(options.condition);
  Result<std::vector<Target>> targets = parse_chosen_targets(options.objects);
  if (!wish || !targets) {
    session.console.error((wish ? targets.error() : wish.error()).message());
    co_return kWrongUsage;
  }
  client::Query query;
  if (!options.objects.selector.empty()) {
    query.emplace_back("labelSelector", options.objects.selector);
  }
  const SteadyTime until = options.timeout.count() == 0
                               ? SteadyTime::max()
                               : session.clock.steady_now() + options.timeout;
  FoundObjects found = co_await find_objects(session, *targets, std::move(query));
  bool failed = false;
  for (const Error& error : found.errors) {
    if (error.code() == ErrorCode::NotFound && wish->is_deletion()) continue;
    failed = true;
    report(session, error);
  }
  if (found.objects.empty() && !failed && !wish->is_deletion()) {
    session.console.error("no matching object was found");
    failed = true;
  }
  for (FoundObject& object : found.objects) {
    const bool held = co_await wait_for_one(session, std::move(object), *wish, until);
    failed = failed || !held;
  }
  co_return failed ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
