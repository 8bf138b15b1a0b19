// The options of writes, deletes, lists and watches, read from the query (and a DELETE's body).

#pragma once

#include "api/meta/field_selector.h"
#include "api/meta/label_selector.h"
#include "controller/apiserver/core_internal.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

enum class FieldValidation { Ignore, Warn, Strict };

struct WriteOptions {
  bool dry_run = false;
  FieldValidation validation = FieldValidation::Warn;
  std::string manager;  // fieldManager, else what the User-Agent says
  bool force = false;   // of an apply
};

// `kind` is "CreateOptions", "UpdateOptions" or "PatchOptions": it names the options in errors.
// A server-side apply must name its manager and may have force.
Answer<WriteOptions> read_write_options(const ApiRequest& request, std::string_view kind,
                                        bool apply = false);

enum class Propagation { Background, Foreground, Orphan };

struct DeleteOptions {
  bool dry_run = false;
  std::optional<Propagation> propagation;
  std::string uid;               // precondition, "" for none
  std::string resource_version;  // precondition, "" for none
};

Answer<DeleteOptions> read_delete_options(const ApiRequest& request);

// The DeleteOptions in a DELETE's body, JSON or YAML, null if it has none. 400 if a field is not of
// its type.
Answer<Json> read_delete_body(const ApiRequest& request);

// Which documents of a collection are meant.
struct Selection {
  api::LabelSelector labels;
  api::FieldSelector fields;

  bool everything() const { return labels.empty() && fields.empty(); }
  bool matches(const store::Document& document) const;
};

enum class VersionMatch { None, NotOlderThan, Exact };

struct ListOptions {
  Selection selection;
  std::size_t limit = 0;  // 0: no limit
  std::string continue_token;
  std::optional<store::Revision> resource_version;  // nullopt: absent
  VersionMatch match = VersionMatch::None;

  bool watch = false;
  bool allow_bookmarks = false;
  std::optional<bool> send_initial_events;
  std::optional<std::chrono::seconds> timeout;  // at most a day
};

Answer<ListOptions> read_list_options(const Call& call);

// A resourceVersion as a client wrote it: 500 with Go's words unless it is a number.
Answer<store::Revision> parse_revision(std::string_view text, std::string_view prefix = {});

// Waits until the store has reached `revision`, at most 3 s: then 504.
Task<Answer<bool>> wait_for_revision(const Core& core, store::Revision revision);

}  // namespace clickdeploy::apiserver
