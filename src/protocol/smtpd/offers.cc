// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/offers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace postseal::smtpd {

std::vector<std::string_view> offered_mechanisms(const ServerSettings& settings, const Server::Session& session) {
  // RFC 4954 §4 SHOULD NOT: passwords do not travel in the clear; whoever could remove STARTTLS would read them.
  if (!settings.offer_auth || !session.tls) return {};
  std::vector<std::string_view> mechanisms;
  if (settings.channel_binding && !session.tls->channel_binding.empty()) mechanisms.push_back("SCRAM-SHA-256-PLUS");
  mechanisms.insert(mechanisms.end(), {"SCRAM-SHA-256", "PLAIN", "LOGIN"});
  return mechanisms;
}

std::string ehlo_reply(const ServerSettings& settings, const Server::Session& session, Xclient xclient) {
  const Limits& limits = settings.limits;
  std::vector<std::string> lines = {settings.hostname, "PIPELINING", fmt::format("SIZE {}", limits.message_size)};
  // RFC 3207 §4.2 MUST NOT: not offered again once TLS is on.
  if (settings.tls_available && !session.tls) lines.push_back("STARTTLS");
  if (auto mechanisms = offered_mechanisms(settings, session); !mechanisms.empty()) {
    lines.push_back(fmt::format("AUTH {}", fmt::join(mechanisms, " ")));
  }
  lines.insert(lines.end(), {"ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"});
  // RFC 8689 §2 MUST: only inside TLS.
  if (session.tls) lines.push_back("REQUIRETLS");
  // RFC 9422 §3
  lines.push_back(fmt::format("LIMITS MAILMAX={} RCPTMAX={}", limits.transactions, limits.recipients));
  if (xclient == Xclient::Offered) lines.push_back("XCLIENT ADDR");

  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) reply += "\r\n";
    reply += (i + 1 < lines.size() ? "250-" : "250 ") + lines[i];
  }
  return reply;
}

}  // namespace postseal::smtpd
