#pragma once
// SPDX-License-Identifier: Apache-2.0
// What was found out about a letter and its client. A value: the header field, the ruling, the log line and the trace
// are made of it.
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/arc/verify.h"
#include "protocol/dkim/verify.h"
#include "protocol/dmarc/check.h"
#include "protocol/message/author.h"
#include "protocol/spf/check.h"
#include "protocol/spf/iprev.h"
#include "vocab/ip_address.h"

namespace postseal::authenticate {

struct TlsFacts {
  std::string version, cipher;
};

/// Who brings the letter, as SMTP knows it.
struct Client {
  IpAddress ip;
  std::string helo;
  std::string mail_from;  ///< without angle brackets; "" for <>
  std::optional<TlsFacts> tls;
};

/// RFC 8617 §7: a sealer whom the operator trusts saw DMARC pass.
struct Voucher {
  Domain sealer;
  unsigned instance = 0;
};

struct Findings {
  Client client;
  spf::Verdict spf;                  ///< of MAIL FROM; of HELO where that is <>
  std::optional<spf::Verdict> helo;  ///< of HELO by itself, where MAIL FROM is an address
  spf::IprevVerdict iprev;
  std::vector<dkim::SignatureVerdict> dkim;
  arc::ChainVerdict arc;
  std::expected<message::Author, message::AuthorProblem> author = std::unexpected(message::AuthorProblem::Missing);
  std::optional<dmarc::Verdict> dmarc;  ///< none: the author is not clear
  std::optional<Voucher> voucher;       ///< only for a letter that fails DMARC, or may
  bool gave_up = false;                 ///< something was not asked since too much else was: the fault is ours
};

/// The best of all signatures; None without any.
dkim::Result best_signature(const Findings& findings);

}  // namespace postseal::authenticate
