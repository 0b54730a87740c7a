#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is offered, and when: the reply to EHLO.
#include <string>
#include <string_view>
#include <vector>

#include "protocol/smtpd/server.h"

namespace postseal::smtpd {

/// The mechanisms of AUTH that may be used now; strongest first.
std::vector<std::string_view> offered_mechanisms(const ServerSettings& settings, const Server::Session& session);

enum class Xclient { Refused, Offered };
/// The whole reply, without the last CRLF.
std::string ehlo_reply(const ServerSettings& settings, const Server::Session& session, Xclient xclient);

}  // namespace postseal::smtpd
