# SPDX-License-Identifier: Apache-2.0
# The whole server as its users see it: every tests/serve/NAME_test.py is the test serve/NAME.

function(postseal_add_serve_tests)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  # Debian's modules (python3-dkim) are for Debian's interpreter.
  find_program(POSTSEAL_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
  # Preloaded into the server; sanitizers would want to come first.
  add_library(serve_later_clock MODULE ${CMAKE_SOURCE_DIR}/tests/serve/later_clock.cc)
  target_compile_options(serve_later_clock PRIVATE -fno-sanitize=all)
  target_link_options(serve_later_clock PRIVATE -fno-sanitize=all)
  set(environment POSTSEAL=$<TARGET_FILE:postseal> POSTSEAL_LATER_CLOCK=$<TARGET_FILE:serve_later_clock>
                  PYTHONDONTWRITEBYTECODE=1)

  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/serve/*_test.py)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME serve/${name} COMMAND ${POSTSEAL_SYSTEM_PYTHON} ${file})
    # Ports of loopback, as the lab's worlds.
    set_tests_properties(
      serve/${name} PROPERTIES ENVIRONMENT "${environment}" TIMEOUT 300 RESOURCE_LOCK loopback)
  endforeach()
endfunction()
