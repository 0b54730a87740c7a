// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/iprev.h"

#include "protocol/spf/characters.h"
#include "protocol/spf/validated_names.h"

namespace postseal::spf {

std::string_view to_string(IprevResult result) {
  switch (result) {
    case IprevResult::Pass:
      return "pass";
    case IprevResult::Fail:
      return "fail";
    case IprevResult::TempError:
      return "temperror";
    case IprevResult::PermError:
      return "permerror";
  }
  return "permerror";
}

Awaitable<IprevVerdict> check_iprev(dns::Resolver& resolver, IpAddress ip, Deadline deadline) {
  const ValidatedNames names = co_await find_validated_names(resolver, ip, deadline);
  IprevVerdict verdict;
  verdict.secure = names.secure;
  if (!names.claimed.empty()) verdict.name = names.claimed.front();
  if (!names.validated.empty()) {
    // RFC 8601 §2.7.3: pass where the address is among those of the name that it has.
    verdict.result = IprevResult::Pass;
    verdict.name = names.validated.front();
    verdict.reason = verdict.name->ascii() + " has this address";
  } else if (names.state == dns::AnswerState::Bogus || names.state == dns::AnswerState::Failed) {
    // RFC 8601 §2.7.3: what may be known later is a temporary error, never a fail.
    verdict.reason = "DNS gave no usable answer about the names of this address: " + printable(names.why);
  } else if (names.state != dns::AnswerState::Found) {
    // RFC 8601 §2.7.3: an address without a name is a permanent error.
    verdict.result = IprevResult::PermError;
    verdict.reason = "this address has no name";
  } else if (names.unknown) {
    verdict.reason = "DNS gave no usable answer about the addresses of its name";
  } else {
    verdict.result = IprevResult::Fail;
    verdict.reason = names.claimed.empty() ? "no name of this address is one that a host can have"
                                           : verdict.name->ascii() + " does not have this address";
  }
  co_return verdict;
}

}  // namespace postseal::spf
