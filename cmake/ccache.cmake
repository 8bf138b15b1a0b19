# ccache for all compilers, where it is installed. Its settings are part of the command, so they hold
# whoever calls ninja; build folders and clones share what any of them compiled.
find_program(CLICKDEPLOY_CCACHE ccache)
if(CLICKDEPLOY_CCACHE)
  set(launcher env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CLICKDEPLOY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# clickdeploy_pch_checksum(header file): tells ccache what the precompiled `file` of `header` holds.
# The file differs from folder to folder though its content does not, so ccache takes the checksum
# next to it instead (CCACHE_PCH_EXTSUM). It is made again whenever the system's packages change.
function(clickdeploy_pch_checksum header file)
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -std=c++23 -DBOOST_ASIO_NO_DEPRECATED -E -P -x c++-header ${header}
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 checksum "${text}")
  file(WRITE ${file}.sum ${checksum})
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY
    CMAKE_CONFIGURE_DEPENDS ${header} /var/lib/dpkg/status)
endfunction()
