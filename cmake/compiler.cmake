# SPDX-License-Identifier: Apache-2.0
# The compiler, its warnings and the sanitizers. g++ 12 miscompiles coroutines: see docs/decisions/0001.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Postseal needs clang++ 19 or newer (found ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}): run ./dev setup, then configure with a preset.")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wimplicit-fallthrough
                    -Wswitch-enum -Wno-missing-designated-field-initializers -Werror=switch -Werror=return-type -fno-omit-frame-pointer)
if(POSTSEAL_SANITIZE)
  add_compile_options(-fsanitize=${POSTSEAL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${POSTSEAL_SANITIZE})
else()
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
endif()
if(POSTSEAL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
