// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/sockets.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace postseal::daemon {

namespace {

using Opened = std::expected<std::vector<MailDoor>, std::string>;

std::string place_of(const settings::Listener& listener) {
  return fmt::format("{} port {}", listener.address == "*" ? "every address" : listener.address, listener.port);
}

/// Admin sockets have names of their own and are not doors for mail.
bool is_for_mail(const privileges::HandedSocket& socket) { return socket.name != "admin" && socket.name != "metrics"; }

settings::ListenerRole role_of(const privileges::HandedSocket& socket, std::uint16_t port) {
  if (socket.name == "submission" || port == 587) return settings::ListenerRole::Submission;
  if (socket.name == "submissions" || port == 465) return settings::ListenerRole::Submissions;
  return settings::ListenerRole::Relay;
}

Awaitable<Opened> adopt(std::vector<privileges::HandedSocket> handed) {
  std::vector<MailDoor> doors;
  for (const auto& socket : handed) {
    if (!is_for_mail(socket)) continue;
    auto listener = co_await net::adopt_listener(socket.descriptor);
    if (!listener) {
      co_return std::unexpected(
          fmt::format("the socket {} of the service manager: {}", socket.name, listener.error().context));
    }
    const auto role = role_of(socket, (*listener)->port());
    doors.push_back({role, std::move(*listener)});
  }
  co_return doors;
}

Awaitable<Opened> bind_all(std::vector<settings::Listener> listeners) {
  const net::ListenOptions options{.reuse_port = true};
  std::vector<MailDoor> doors;
  for (const auto& wanted : listeners) {
    const auto address = IpAddress::parse(wanted.address);
    auto listener = address ? co_await net::listen_tcp(*address, wanted.port, options)
                            : co_await net::listen_everywhere(wanted.port, options);
    if (!listener) {
      co_return std::unexpected(fmt::format("cannot listen on {}: {}", place_of(wanted), listener.error().context));
    }
    doors.push_back({wanted.role, std::move(*listener)});
  }
  co_return doors;
}

}  // namespace

Opened open_doors(boost::asio::io_context& context, const std::vector<settings::Listener>& listeners,
                  const std::vector<privileges::HandedSocket>& handed) {
  Opened opened;
  std::exception_ptr bug;
  const bool given = std::ranges::any_of(handed, is_for_mail);
  boost::asio::co_spawn(context, given ? adopt(handed) : bind_all(listeners),
                        [&](std::exception_ptr error, Opened result) {
                          bug = error;
                          if (!error) opened = std::move(result);
                        });
  context.run();
  context.restart();
  if (bug) std::rethrow_exception(bug);
  return opened;
}

}  // namespace postseal::daemon
