# SPDX-License-Identifier: Apache-2.0
# The libraries a room can name in the "links:" line of its room.txt, as lib_NAME.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
find_library(UNBOUND unbound REQUIRED)  # its .pc file asks for libevent headers that libunbound users do not need
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)

function(postseal_library name)
  add_library(lib_${name} INTERFACE)
  target_link_libraries(lib_${name} INTERFACE ${ARGN})
endfunction()

add_library(lib_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cc)
target_link_libraries(lib_asio PUBLIC Boost::headers Threads::Threads)
target_compile_definitions(lib_asio PUBLIC BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION)
postseal_library(openssl OpenSSL::SSL OpenSSL::Crypto)
postseal_library(json Boost::json)
postseal_library(fmt fmt::fmt)
postseal_library(unbound ${UNBOUND})
postseal_library(idn2 PkgConfig::IDN2)
postseal_library(curl PkgConfig::CURL)
postseal_library(toml PkgConfig::TOMLPP)
postseal_library(cli11)
