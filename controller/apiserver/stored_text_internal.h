// The text of stored objects, of which parts are found without parsing the rest. It is text that
// append_json() wrote: known to be right, keys sorted, without white space.

#pragma once

#include "api/schema/table.h"
#include "controller/base/json.h"
#include "controller/store/object_store.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {

// Internal if the text has no metadata.
Result<store::Facts> read_stored_facts(std::string_view bytes);

// A member of metadata; null if there is none.
Json read_stored_metadata(std::string_view bytes, std::string_view name);

// metadata.labels, for selectors.
using StoredLabels = std::vector<std::pair<std::string, std::string>>;
StoredLabels read_stored_labels(std::string_view bytes);

// Where the member metadata.managedFields stands in the text, with the comma that goes with it: the
// text without this range is the object without it. Empty if there is none.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool empty() const { return begin == end; }
};
TextRange find_managed_fields(std::string_view bytes);

// The text of metadata, without that range if so wanted.
void append_stored_metadata(std::string& text, std::string_view bytes, bool omits_managed_fields);

// The parts of the object that are in the outline, without metadata.managedFields, which are half
// of a small one and in no column.
Json read_outlined(std::string_view bytes, const api::Outline& outline);

}  // namespace clickdeploy::apiserver
