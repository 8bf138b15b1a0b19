# Turns text files into one C++ source:
#   cmake -DOUTPUT=… -DROOT=… -DFILES="a;b" -DHEADER=… -DNAMESPACE=… -DFUNCTION=… -P embed.cmake
#
# HEADER declares `std::span<const clickdeploy::api::EmbeddedFile> FUNCTION()` in NAMESPACE. Each
# text is cut into raw string literals that the compiler joins, since some compilers limit the length
# of one.
list(JOIN FILES ", " names)
set(text "// Generated from ${names}.\n\n#include \"${HEADER}\"\n\n")
string(APPEND text "#include \"api/embedded.h\"\n\n#include <array>\n\n")
string(APPEND text "namespace ${NAMESPACE} {\nnamespace {\n\n")
string(APPEND text "constexpr auto kFiles = std::to_array<clickdeploy::api::EmbeddedFile>({\n")
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
  string(APPEND text "    {\"${file}\", ${literal}},\n")
endforeach()
string(APPEND text "});\n\n}  // namespace\n\n")
string(APPEND text "std::span<const clickdeploy::api::EmbeddedFile> ${FUNCTION}() { return kFiles; }\n\n")
string(APPEND text "}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUTPUT} "${text}")
