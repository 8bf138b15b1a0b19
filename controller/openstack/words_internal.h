// Foreign text made fit to be shown: in errors, status, events and terminals.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace clickdeploy::openstack {

enum class LineBreaks { Keep, Fold };

// Without terminal escape sequences; control characters and marks that change the direction of
// text become U+FFFD (line breaks and tabs: kept, or a blank each). At most `bytes_max` bytes, cut
// between characters. Plain text comes out as it went in.
std::string clean_text(std::string_view text, std::size_t bytes_max,
                       LineBreaks breaks = LineBreaks::Fold);

// Cleaned, white space collapsed, up to the end of its first sentence, without the full stop, at
// most 300 bytes.
std::string first_sentence(std::string_view text);

// What an HTML page says to a reader: its body without tags and headings; its title if that leaves
// nothing.
std::string words_of_html(std::string_view html);

// [A-Za-z0-9._-], 1 to 255 of them, not "." or "..": safe as one segment of a path.
bool is_plain_id(std::string_view id);

}  // namespace clickdeploy::openstack
