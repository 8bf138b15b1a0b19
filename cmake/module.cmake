# clickdeploy_library, clickdeploy_program, clickdeploy_test: one way to build a module.

# What every target of the project is compiled with.
add_library(clickdeploy_options INTERFACE)
target_include_directories(clickdeploy_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(clickdeploy_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
  -fno-omit-frame-pointer)
if(CLICKDEPLOY_WERROR)
  target_compile_options(clickdeploy_options INTERFACE -Werror)
endif()
target_compile_definitions(clickdeploy_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  RAPIDJSON_HAS_STDSTRING=1
  CLICKDEPLOY_VERSION="${PROJECT_VERSION}")
target_link_options(clickdeploy_options INTERFACE -fuse-ld=lld)
if(CLICKDEPLOY_SANITIZE)
  target_compile_options(clickdeploy_options INTERFACE
    -fsanitize=${CLICKDEPLOY_SANITIZE} -fno-sanitize-recover=all
    -fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/sanitizer_ignore.txt)
  target_link_options(clickdeploy_options INTERFACE -fsanitize=${CLICKDEPLOY_SANITIZE})
endif()
target_link_libraries(clickdeploy_options INTERFACE spdlog::spdlog fmt::fmt Threads::Threads)

# One precompiled header for all modules, made once and reused. Not by target_precompile_headers: that
# passes the compiler a path in the build folder in a way that ccache cannot make relative.
if(CLICKDEPLOY_PCH)
  set(header ${CMAKE_SOURCE_DIR}/cmake/pch.h)
  add_library(clickdeploy_pch OBJECT ${header})
  # clang writes a time stamp into the header unless told not to, which defeats ccache.
  set_source_files_properties(${header} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -xc++-header)
  target_compile_options(clickdeploy_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  # It names files by their paths, so no other folder may get it from ccache.
  set_target_properties(clickdeploy_pch PROPERTIES CXX_COMPILER_LAUNCHER "")
  target_link_libraries(clickdeploy_pch PUBLIC clickdeploy_options)
  set(CLICKDEPLOY_PCH_FILE ${CMAKE_BINARY_DIR}/CMakeFiles/clickdeploy_pch.dir/cmake/pch.h.o)
  clickdeploy_pch_checksum(${header} ${CLICKDEPLOY_PCH_FILE})
endif()

# Only sources that include planted.h are compiled differently with CLICKDEPLOY_PLANTED; ccache has
# the others from the release build.
function(clickdeploy_planted target)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(source ${source} ABSOLUTE)
    if(NOT EXISTS ${source})
      continue()  # made by the build
    endif()
    file(STRINGS ${source} lines REGEX "^#include \"controller/base/planted.h\"")
    if(lines)
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS CLICKDEPLOY_PLANTED)
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  endforeach()
endfunction()

function(clickdeploy_common target)
  target_link_libraries(${target} PUBLIC clickdeploy_options)
  if(CLICKDEPLOY_PLANTED)
    clickdeploy_planted(${target})
  endif()
  if(CLICKDEPLOY_PCH)
    get_target_property(sources ${target} SOURCES)
    set_property(SOURCE ${sources} APPEND PROPERTY OBJECT_DEPENDS ${CLICKDEPLOY_PCH_FILE})
    target_compile_options(${target} PRIVATE
      "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include-pch ${CLICKDEPLOY_PCH_FILE}>")
  endif()
endfunction()

# clickdeploy_library(name SOURCES … [DEPENDS clickdeploy::x …] [LINK libraries …])
#   DEPENDS names our modules and is checked against the table in tests/tidy.
#   LINK names libraries that stay inside this module's .cpp files.
function(clickdeploy_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(clickdeploy_${name} STATIC ${ARG_SOURCES})
  add_library(clickdeploy::${name} ALIAS clickdeploy_${name})
  clickdeploy_common(clickdeploy_${name})
  target_link_libraries(clickdeploy_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_LINK})
endfunction()

# Programs link clickdeploy_asio (controller/async) in any case: the precompiled header makes every
# file refer to it.

# clickdeploy_program(name SOURCES … DEPENDS … [LINK …])
function(clickdeploy_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  clickdeploy_common(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} ${ARG_LINK} clickdeploy_asio)
endfunction()

# clickdeploy_test(name SOURCES … DEPENDS … [LINK …] [PROPERTIES …]): one test program per module,
# test_<name>. PROPERTIES are CTest's, for each of its tests; tests that start many processes say
#   PROPERTIES LABELS system PROCESSORS 2
function(clickdeploy_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK;PROPERTIES" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  clickdeploy_common(test_${name})
  target_link_libraries(test_${name} PRIVATE ${ARG_DEPENDS} ${ARG_LINK} clickdeploy_asio
    clickdeploy_test_paths GTest::gmock GTest::gtest_main)
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}/ DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 120 ${ARG_PROPERTIES})
endfunction()
include(GoogleTest)
