// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/courier.h"

namespace postseal::queue {

std::string NextHop::key() const { return rerouted.empty() ? to_string(destination) : ">" + rerouted; }

std::optional<NextHop> NextHop::parse(std::string_view key) {
  if (key.starts_with('>')) return NextHop{{}, std::string(key.substr(1))};
  const auto mailbox = Mailbox::parse("postmaster@" + std::string(key));
  if (!mailbox) return std::nullopt;
  return NextHop{mailbox->destination(), ""};
}

std::string_view to_string(Security security) {
  switch (security) {
    case Security::Unknown:
      return "unknown";
    case Security::Plaintext:
      return "plaintext";
    case Security::Tls:
      return "tls";
    case Security::StsEnforce:
      return "sts-enforce";
    case Security::Dane:
      return "dane";
    case Security::Local:
      return "local";
  }
  return "";
}

}  // namespace postseal::queue
