# SPDX-License-Identifier: Apache-2.0
# Signatures and seals beside other implementations: every tests/NAME/interop_test.py is the test interop/NAME. They
# import Debian's modules (python3-dkim), which are for Debian's interpreter.
function(postseal_add_interop_tests)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  find_program(POSTSEAL_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/interop_test.py)
  foreach(file ${files})
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(name ${folder} NAME)
    add_test(NAME interop/${name} COMMAND ${POSTSEAL_SYSTEM_PYTHON} ${file})
    set_tests_properties(
      interop/${name} PROPERTIES ENVIRONMENT "POSTSEAL=$<TARGET_FILE:postseal>;PYTHONDONTWRITEBYTECODE=1" TIMEOUT 600)
  endforeach()
endfunction()
