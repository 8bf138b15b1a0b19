// Answers: objects, lists and errors in the form and encoding that the client asked for.

#pragma once

#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/stored_text_internal.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

inline constexpr unsigned kJsonIndent = 2;  // as a Kubernetes API server indents

// The parts of a Table, for lists and watches that write it row by row.
Json table_head(const Call& call, bool with_columns);  // without metadata and rows
Answer<bool> check_table_options(const Call& call);

// Writes rows of a Table from the text of objects.
class RowWriter {
 public:
  RowWriter(const Core& core, const Call& call);  // which outlive it
  void append(std::string& text, std::string_view object) const;

 private:
  enum class Include : std::uint8_t { None, Metadata, Object };

  const Core& core_;
  const Call& call_;
  api::Outline outline_;
  Include include_ = Include::Metadata;
};

// The text of an object as PartialObjectMetadata.
void append_partial_metadata(std::string& text, const Call& call, std::string_view object);

// A finished reply from JSON text: YAML or indented if the call wants that, with its warnings.
http::Reply reply_json(const Call& call, int code, std::string json);
// The object of a document, and its text, as the call wants it in Form::Object.
Json read_shown(const Call& call, const store::Document& document);
void append_shown(std::string& text, const Call& call, std::string_view object);
// One object as it is stored: bytes are shared where the form allows it.
Answer<http::Reply> reply_document(const Core& core, const Call& call, int code,
                                   store::DocumentPtr document);
http::Reply reply_error(const ApiError& error, const Format& format);
http::Reply reply_text(int code, std::string text);

}  // namespace clickdeploy::apiserver
