#pragma once
// SPDX-License-Identifier: Apache-2.0
// systemd's side of the door: it hands over sockets and is told how we are. Outside systemd nothing happens.
#include <string>
#include <string_view>
#include <vector>

namespace postseal::privileges {

/// "READY=1", "STOPPING=1", "STATUS=...": sd_notify(3). Without NOTIFY_SOCKET nothing happens.
void notify(std::string_view state);
/// "RELOADING=1" with the time that Type=notify-reload asks for; READY=1 ends it.
void notify_reloading();

struct HandedSocket {
  int descriptor = -1;
  std::string name;  ///< FileDescriptorName= of the socket unit
};
/// sd_listen_fds(3): the sockets in the order of the units; each is closed on exec. Once: a second call finds none.
std::vector<HandedSocket> take_handed_sockets();

}  // namespace postseal::privileges
