#pragma once
// SPDX-License-Identifier: Apache-2.0
// The Received field that every letter gets: RFC 5321 §4.4, with the TLS facts in the comment that mail clients show.
#include <optional>
#include <string>

#include "protocol/smtpd/server.h"
#include "protocol/spool/letter_id.h"
#include "vocab/clock.h"

namespace postseal::inbound {

struct Trace {
  std::string helo;
  IpAddress peer;
  std::optional<smtpd::TlsFacts> tls;
  std::string hostname;
  std::string protocol;  ///< "ESMTPS": Server::protocol_name()
  spool::LetterId id;
  std::optional<Mailbox> recipient;  ///< only if there is no other: nobody learns of hidden recipients
  WallTime now{};
};

/// With CRLF at the end; no line is longer than 998 octets.
std::string format_received(const Trace& trace);
/// RFC 5322 §3.3, in UTC: "Sun, 22 Nov 2026 09:00:00 +0000".
std::string format_date(WallTime time);

/// Whether a Received field of this value was written by the host of this name: "by NAME", outside of comments.
bool was_received_by(std::string_view value, std::string_view hostname);

}  // namespace postseal::inbound
