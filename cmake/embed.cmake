# Turns text files into one C++ source: cmake -DOUTPUT=… -DROOT=… -DFILES="a;b" -P embed.cmake
#
# The source defines clickdeploy::api::embedded_definitions() of api/embedded.h. Each text is cut
# into raw string literals that the compiler joins, since some compilers limit the length of one.
set(text "// Generated from crds/ and api/core/.\n\n#include \"api/embedded.h\"\n\n#include <array>\n\n")
string(APPEND text "namespace clickdeploy::api {\nnamespace {\n\nconstexpr auto kFiles = std::to_array<EmbeddedFile>({\n")
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} remaining)
  set(literal "")
  string(LENGTH "${remaining}" length)
  set(start 0)
  while(start LESS length)
    string(SUBSTRING "${remaining}" ${start} 8000 part)
    string(APPEND literal "R\"yaml(${part})yaml\"\n")
    math(EXPR start "${start} + 8000")
  endwhile()
  string(APPEND text "    EmbeddedFile{\"${file}\", ${literal}},\n")
endforeach()
string(APPEND text "});\n\n}  // namespace\n\n")
string(APPEND text "std::span<const EmbeddedFile> embedded_definitions() { return kFiles; }\n\n}  // namespace clickdeploy::api\n")
file(WRITE ${OUTPUT} "${text}")
