# SPDX-License-Identifier: Apache-2.0
# The whole server as its users see it: every tests/serve/NAME_test.py is the test serve/NAME.

function(postseal_add_serve_tests)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/serve/*_test.py)
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME serve/${name} COMMAND Python3::Interpreter ${file})
    # Ports of loopback, as the lab's worlds.
    set_tests_properties(
      serve/${name} PROPERTIES ENVIRONMENT "POSTSEAL=$<TARGET_FILE:postseal>;PYTHONDONTWRITEBYTECODE=1" TIMEOUT 300
                               RESOURCE_LOCK loopback)
  endforeach()
endfunction()
