// Answers: objects, lists and errors in the form and encoding that the client asked for.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

// The object in the call's form, as JSON text. 400 for a bad includeObject.
Answer<std::string> render_object(const Core& core, const Call& call, const Json& object);

// The parts of a Table, for lists and watches that write it row by row.
std::string table_row(const Core& core, const Call& call, const Json& object);
Json table_head(const Call& call, bool with_columns);  // without metadata and rows
Answer<bool> check_table_options(const Call& call);

Json partial_metadata(const Call& call, const Json& object);

// A finished reply from JSON text: YAML or indented if the call wants that, with its warnings.
http::Reply reply_json(const Call& call, int code, std::string json);
// The object of a document, and its text, as the call wants it in Form::Object.
Json read_shown(const Call& call, const store::Document& document);
void append_shown(std::string& text, const Call& call, const store::Document& document);
// One object as it is stored: bytes are shared where the form allows it.
Answer<http::Reply> reply_document(const Core& core, const Call& call, int code,
                                   store::DocumentPtr document);
http::Reply reply_error(const ApiError& error, bool pretty);
http::Reply reply_text(int code, std::string text);

}  // namespace clickdeploy::apiserver
