// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/trust.h"

#include <algorithm>
#include <ranges>

#include "protocol/authres/header.h"
#include "protocol/message/author.h"

namespace postseal::authenticate {

namespace {

std::optional<Domain> trusted_sealer(const arc::InstanceVerdict& instance, const std::vector<Domain>& trusted) {
  auto sealer = Domain::parse_dns(instance.domain);
  if (!sealer || std::ranges::find(trusted, *sealer) == trusted.end()) return std::nullopt;
  return std::move(*sealer);
}

bool saw_dmarc_pass(const arc::InstanceVerdict& instance, const Domain& author) {
  const auto results = authres::parse(instance.authentication_results);
  // RFC 8601 §2.2, §2.3: what another version means is not known here.
  if (!results || results->version != "1") return false;
  return std::ranges::any_of(results->results, [&](const authres::MethodResult& result) {
    if (result.method != "dmarc" || result.version != "1" || result.result != "pass") return false;
    return std::ranges::any_of(result.properties, [&](const authres::Property& property) {
      if (property.ptype != "header" || property.property != "from") return false;
      const auto domain = message::parse_author_domain(property.value);
      return domain && *domain == author;
    });
  });
}

}  // namespace

std::optional<Voucher> find_voucher(const arc::ChainVerdict& chain, const Domain& author,
                                    const std::vector<Domain>& trusted) {
  if (chain.result != arc::Result::Pass || trusted.empty()) return std::nullopt;
  // RFC 6376 §5.4: others take a chain whose newest signature leaves From out; anybody could have written that since.
  if (!chain.instances.back().signs_author) return std::nullopt;
  for (const auto& instance : std::views::reverse(chain.instances)) {
    auto sealer = trusted_sealer(instance, trusted);
    if (!sealer) return std::nullopt;
    // RFC 6376 §3.6.1 MUST NOT: what is only tried out is worth no more than if it were not signed. That holds for who
    // sealed before, too: what this one changed is not known.
    if (instance.testing) return std::nullopt;
    if (saw_dmarc_pass(instance, author)) return Voucher{std::move(*sealer), instance.instance};
  }
  return std::nullopt;
}

bool may_be_vouched_for(const arc::ChainVerdict& chain, const std::vector<Domain>& trusted) {
  return chain.temporary && !chain.instances.empty() && trusted_sealer(chain.instances.back(), trusted);
}

}  // namespace postseal::authenticate
