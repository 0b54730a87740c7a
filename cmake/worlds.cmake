# SPDX-License-Identifier: Apache-2.0
# Whole deliveries as tests: every lab/worlds/NAME.toml is the test lab/NAME, which passes when all its cases come out as
# expected. And the house's own checks: includes against manifests, rows against tests.

# Worlds with foreign mail servers bind port 25 and need root; the others run as anybody.
set(POSTSEAL_ROOT_WORLDS peers)

function(postseal_add_worlds)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  file(GLOB worlds CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lab/worlds/*.toml)
  foreach(world ${worlds})
    get_filename_component(name ${world} NAME_WE)
    set(command $<TARGET_FILE:postseal> lab run ${world})
    if(name IN_LIST POSTSEAL_ROOT_WORLDS)
      set(command ${CMAKE_SOURCE_DIR}/scripts/as_root.sh ${command})
    endif()
    add_test(NAME lab/${name} COMMAND ${command} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    # One world at a time: without root they share the loopback addresses.
    set_tests_properties(lab/${name} PROPERTIES TIMEOUT 300 RESOURCE_LOCK loopback)
  endforeach()
endfunction()

function(postseal_add_house_checks)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME house/layers COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/scripts/layers.py)
  add_test(NAME house/rfc COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/scripts/rfc_coverage.py --check)
endfunction()
