#pragma once
// SPDX-License-Identifier: Apache-2.0
// The sockets that mail comes in by: bound here, or handed over by systemd.
#include <boost/asio/io_context.hpp>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "edge/net/listen.h"
#include "edge/privileges/service_manager.h"
#include "edge/settings/server_settings.h"

namespace postseal::daemon {

struct MailDoor {
  settings::ListenerRole role;
  std::unique_ptr<net::Listener> listener;
};

/// For one thread: each further call gives a listener of its own on the same port. Handed sockets, if there are any,
/// stand in for the settings' listeners: by name ("smtp", "submission", "submissions"), else by port.
/// REQUIRES: nothing runs on the context. The error says which address and why.
std::expected<std::vector<MailDoor>, std::string> open_doors(boost::asio::io_context& context,
                                                             const std::vector<settings::Listener>& listeners,
                                                             const std::vector<privileges::HandedSocket>& handed);

}  // namespace postseal::daemon
