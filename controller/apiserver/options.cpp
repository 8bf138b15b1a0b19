#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/apiserver/options_internal.h"
#include "controller/apiserver/stored_text_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kOptionsGroup = "meta.k8s.io";
constexpr std::string_view kEvents = "events";
constexpr std::chrono::milliseconds kRevisionWait{3'000};
constexpr std::chrono::milliseconds kRevisionPoll{50};
// Nobody waits longer for one answer, and later times could not be added to the clock's.
constexpr std::chrono::seconds kLongestWatch{24 * 3600};

std::unexpected<ApiError> bad_option(std::string_view kind, std::string_view field,
                                     std::string_view reason, std::string message) {
  return invalid(kOptionsGroup, kind, "",
                 {{std::string(reason), std::move(message), std::string(field)}});
}

Answer<bool> read_dry_run(const std::vector<std::string>& values, std::string_view kind) {
  if (values.empty()) return false;
  std::vector<std::string> quoted;
  bool good = true;
  for (const std::string& value : values) {
    good = good && value == "All";
    quoted.push_back(go_quote(value));
  }
  if (good) return true;
  return bad_option(kind, "dryRun", "FieldValueNotSupported",
                    fmt::format("Unsupported value: []string{{{}}}: supported values: \"All\"",
                                join(quoted, ", ")));
}

Answer<FieldValidation> read_validation(const ApiRequest& request, std::string_view kind) {
  const std::string text = request.parameter("fieldValidation");
  if (text.empty() || text == "Warn") return FieldValidation::Warn;
  if (text == "Ignore") return FieldValidation::Ignore;
  if (text == "Strict") return FieldValidation::Strict;
  return bad_option(
      kind, "fieldValidation", "FieldValueNotSupported",
      fmt::format("Unsupported value: {}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                  go_quote(text)));
}

Answer<std::optional<Propagation>> read_propagation(const std::string& text) {
  if (text.empty()) return std::optional<Propagation>();
  if (text == "Background") return std::optional(Propagation::Background);
  if (text == "Foreground") return std::optional(Propagation::Foreground);
  if (text == "Orphan") return std::optional(Propagation::Orphan);
  return bad_option("DeleteOptions", "propagationPolicy", "FieldValueNotSupported",
                    fmt::format("Unsupported value: {}: supported values: \"Foreground\", "
                                "\"Background\", \"Orphan\", \"nil\"",
                                go_quote(text)));
}

std::string_view why_no_number(std::errc error) {
  return error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
}

Answer<std::int64_t> read_number(const ApiRequest& request, std::string_view name) {
  const std::string text = request.parameter(name);
  if (text.empty()) return 0;
  std::int64_t value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) {
    return bad_request(
        fmt::format("strconv.ParseInt: parsing {}: {}", go_quote(text), why_no_number(error)));
  }
  return value;
}

}  // namespace

Answer<WriteOptions> read_write_options(const ApiRequest& request, std::string_view kind,
                                        bool apply) {
  WriteOptions options;
  options.manager = request.parameter("fieldManager");
  if (apply && options.manager.empty()) {
    return bad_option(kind, "fieldManager", "FieldValueRequired",
                      "Required value: is required for apply patch");
  }
  if (!apply && request.has_parameter("force")) {
    return bad_option(kind, "force", "FieldValueForbidden",
                      "Forbidden: may not be specified for non-apply patch");
  }
  options.force = request.flag("force");
  for (const api::FieldError& error : manager_problems(options.manager, "fieldManager")) {
    return bad_option(kind, error.path, api::to_string(error.reason), error.message);
  }
  if (options.manager.empty()) options.manager = manager_of_agent(request.header("User-Agent"));
  Answer<bool> dry_run = read_dry_run(request.parameters("dryRun"), kind);
  if (!dry_run) return std::unexpected(dry_run.error());
  options.dry_run = *dry_run;
  Answer<FieldValidation> validation = read_validation(request, kind);
  if (!validation) return std::unexpected(validation.error());
  options.validation = *validation;
  return options;
}

Answer<DeleteOptions> read_delete_options(const ApiRequest& request) {
  Answer<Json> read = read_delete_body(request);
  if (!read) return std::unexpected(read.error());
  const Json& body = *read;
  DeleteOptions options;
  std::vector<std::string> dry_run_values = request.parameters("dryRun");
  for (const Json& value : body["dryRun"].as_array()) dry_run_values.push_back(value.as_string());
  Answer<bool> dry_run = read_dry_run(dry_run_values, "DeleteOptions");
  if (!dry_run) return std::unexpected(dry_run.error());
  options.dry_run = *dry_run;

  std::string policy = body["propagationPolicy"].as_string();
  if (policy.empty()) policy = request.parameter("propagationPolicy");
  Answer<std::optional<Propagation>> propagation = read_propagation(policy);
  if (!propagation) return std::unexpected(propagation.error());
  options.propagation = *propagation;
  std::optional<bool> orphan;
  if (body["orphanDependents"].is_bool()) orphan = body["orphanDependents"].as_bool();
  if (body.is_null() && request.has_parameter("orphanDependents")) {
    orphan = request.flag("orphanDependents");
  }
  if (orphan && options.propagation) {
    return bad_option(
        "DeleteOptions", "propagationPolicy", "FieldValueInvalid",
        fmt::format("Invalid value: {}: orphanDependents and deletionPropagation cannot be both "
                    "set",
                    go_quote(policy)));
  }
  if (orphan) options.propagation = *orphan ? Propagation::Orphan : Propagation::Background;
  options.uid = body["preconditions"]["uid"].as_string();
  options.resource_version = body["preconditions"]["resourceVersion"].as_string();
  if (body.is_null()) {  // then the query may say what a body would
    options.uid = request.parameter("uid");
    options.resource_version = request.parameter("resourceVersion");
    Answer<std::int64_t> grace = read_number(request, "gracePeriodSeconds");
    if (!grace) return std::unexpected(grace.error());
  }
  return options;
}

namespace {

// "source" in a selector is one word: who tells of the Event, in either of the places for it.
void show_source(Json& event) {
  const std::string component = event["source"]["component"].as_string();
  event.set("source", component.empty() ? event["reportingComponent"] : Json(component));
}

}  // namespace

bool Selection::matches(const store::Document& document) const {
  if (!labels.empty() && !labels.matches(read_stored_labels(document.bytes))) return false;
  bool parse = false;
  for (const api::FieldSelector::Requirement& requirement : fields.requirements()) {
    if (requirement.path == "metadata.name") {
      if ((document.key.name == requirement.value) != requirement.equal) return false;
    } else if (requirement.path == "metadata.namespace") {
      if ((document.key.namespace_name == requirement.value) != requirement.equal) return false;
    } else {
      parse = true;
    }
  }
  if (!parse) return true;
  Result<Json> object = parse_json(document.bytes, own_text_limits(document.bytes));
  if (object && document.key.resource == kEvents) show_source(*object);
  return object && fields.matches(*object);
}

Answer<store::Revision> parse_revision(std::string_view text, std::string_view prefix) {
  store::Revision value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) {
    return internal_error(fmt::format("{}strconv.ParseUint: parsing {}: {}", prefix, go_quote(text),
                                      why_no_number(error)));
  }
  return value;
}

namespace {

Answer<Selection> read_selection(const Call& call) {
  Selection selection;
  Result<api::LabelSelector> labels =
      api::LabelSelector::parse(call.request.parameter("labelSelector"));
  if (!labels) return bad_request(labels.error().message());
  selection.labels = std::move(*labels);

  Result<api::FieldSelector> fields =
      api::FieldSelector::parse(call.request.parameter("fieldSelector"));
  if (!fields) return bad_request(fields.error().message());
  std::vector<std::string> supported = call.target.info->selectable_fields;
  supported.emplace_back("metadata.name");
  if (is_event(*call.target.info)) supported.emplace_back("source");
  supported.emplace_back("metadata.namespace");
  Result<void> known = fields->check_supported(supported);
  if (!known) return bad_request(known.error().message());
  selection.fields = std::move(*fields);
  return selection;
}

Answer<VersionMatch> read_match(const ListOptions& options, const std::string& text) {
  auto refuse_match = [](std::string_view reason, std::string message) {
    return bad_option("ListOptions", "resourceVersionMatch", reason, std::move(message));
  };
  if (options.watch) {
    if (options.send_initial_events && text != "NotOlderThan") {
      return refuse_match("FieldValueForbidden",
                          "Forbidden: sendInitialEvents requires setting resourceVersionMatch to "
                          "NotOlderThan");
    }
    if (!text.empty() && !options.send_initial_events) {
      return refuse_match("FieldValueForbidden",
                          "Forbidden: resourceVersionMatch is forbidden for watch unless "
                          "sendInitialEvents is provided");
    }
    return text.empty() ? VersionMatch::None : VersionMatch::NotOlderThan;
  }
  if (options.send_initial_events) {
    return bad_option("ListOptions", "sendInitialEvents", "FieldValueForbidden",
                      "Forbidden: sendInitialEvents is forbidden for list");
  }
  if (text.empty()) return VersionMatch::None;
  if (!options.resource_version) {
    return refuse_match("FieldValueForbidden",
                        "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
                        "provided");
  }
  if (text == "NotOlderThan") return VersionMatch::NotOlderThan;
  if (text != "Exact") {
    return refuse_match("FieldValueNotSupported",
                        fmt::format("Unsupported value: {}: supported values: \"Exact\", "
                                    "\"NotOlderThan\", \"\"",
                                    go_quote(text)));
  }
  if (*options.resource_version == 0) {
    return refuse_match("FieldValueForbidden",
                        "Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                        "resourceVersion \"0\"");
  }
  return VersionMatch::Exact;
}

}  // namespace

Answer<ListOptions> read_list_options(const Call& call) {
  const ApiRequest& request = call.request;
  ListOptions options;
  options.watch = request.flag("watch") || call.target.old_watch_path;
  Answer<Selection> selection = read_selection(call);
  if (!selection) return std::unexpected(selection.error());
  options.selection = std::move(*selection);

  Answer<std::int64_t> limit = read_number(request, "limit");
  if (!limit) return std::unexpected(limit.error());
  if (*limit > 0) options.limit = static_cast<std::size_t>(*limit);
  Answer<std::int64_t> timeout = read_number(request, "timeoutSeconds");
  if (!timeout) return std::unexpected(timeout.error());
  if (*timeout > 0) options.timeout = std::min(std::chrono::seconds(*timeout), kLongestWatch);

  const std::string version = request.parameter("resourceVersion");
  if (!version.empty()) {
    Answer<store::Revision> revision = parse_revision(
        version, fmt::format("resourceVersion: Invalid value: {}: ", go_quote(version)));
    if (!revision) return std::unexpected(revision.error());
    options.resource_version = *revision;
  }
  options.allow_bookmarks = request.flag("allowWatchBookmarks");
  if (request.has_parameter("sendInitialEvents")) {
    options.send_initial_events = request.flag("sendInitialEvents");
  }
  Answer<VersionMatch> match = read_match(options, request.parameter("resourceVersionMatch"));
  if (!match) return std::unexpected(match.error());
  options.match = *match;

  options.continue_token = request.parameter("continue");
  if (!options.continue_token.empty() && options.resource_version.value_or(0) != 0) {
    return bad_request("specifying resource version is not allowed when using continue");
  }
  return options;
}

Task<Answer<bool>> wait_for_revision(const Core& core, store::Revision revision) {
  const SteadyTime end = core.clock.steady_now() + kRevisionWait;
  while (core.store.revision() < revision) {
    if (core.clock.steady_now() >= end) {
      co_return future_revision(revision, core.store.revision());
    }
    co_await core.clock.sleep(kRevisionPoll);
  }
  co_return true;
}

}  // namespace clickdeploy::apiserver
