# SPDX-License-Identifier: Apache-2.0
# tests/crash: `postseal serve` as a whole, killed, on troubled disks, among crowds, and with real peers. Each is a
# Python program that gets the program under test as its first argument and prints the seed to play it again with.
function(postseal_add_crash_tests)
  if(NOT POSTSEAL_TESTS)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)

  # Preloaded into the server; sanitizers would want to come first.
  add_library(crash_trouble MODULE ${CMAKE_SOURCE_DIR}/tests/crash/trouble.cc)
  target_compile_options(crash_trouble PRIVATE -fno-sanitize=all)
  target_link_options(crash_trouble PRIVATE -fno-sanitize=all)
  target_link_libraries(crash_trouble PRIVATE ${CMAKE_DL_LIBS})

  set(disk_arguments $<TARGET_FILE:crash_trouble>)
  foreach(name kill disk crowd peers)
    set(command ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/crash/${name}_test.py $<TARGET_FILE:postseal>
                ${${name}_arguments})
    if(name STREQUAL peers)
      set(command ${CMAKE_SOURCE_DIR}/scripts/as_root.sh ${command})
    endif()
    add_test(NAME crash/${name} COMMAND ${command} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(crash/${name} PROPERTIES TIMEOUT 600 RESOURCE_LOCK loopback)
  endforeach()
endfunction()
