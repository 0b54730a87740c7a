# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: the program, systemd's units, its user and directories, the operator's pages and an
# example of the settings. packaging/ has the sources.
include(GNUInstallDirs)
# systemd looks here whatever the prefix is; a package's build sets DESTDIR.
set(POSTSEAL_UNIT_DIR lib/systemd/system CACHE STRING "Where units go, below the prefix unless absolute")

function(postseal_add_install)
  install(TARGETS postseal RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # At install time, because only then the prefix is known for good (cmake --install --prefix).
  install(CODE "
    set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    set(CMAKE_INSTALL_FULL_DOCDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/packaging/postseal.service\"
                   \"${CMAKE_BINARY_DIR}/packaging/postseal.service\" @ONLY)")
  install(FILES ${CMAKE_BINARY_DIR}/packaging/postseal.service
                ${CMAKE_SOURCE_DIR}/packaging/postseal-relay.socket
                ${CMAKE_SOURCE_DIR}/packaging/postseal-submission.socket
                ${CMAKE_SOURCE_DIR}/packaging/postseal-submissions.socket DESTINATION ${POSTSEAL_UNIT_DIR})
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME postseal.conf)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME postseal.conf)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/postseal.example.toml ${CMAKE_SOURCE_DIR}/README.md
          DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/operator ${CMAKE_SOURCE_DIR}/docs/formats
          DESTINATION ${CMAKE_INSTALL_DOCDIR})
endfunction()
