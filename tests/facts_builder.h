#pragma once
// SPDX-License-Identifier: Apache-2.0
// Facts made up from abstract states, for tests of the decision. The default is the happy path: everything signed, one
// MX host, a usable TLSA record, no policy.
#include <array>
#include <string>

#include "protocol/policy/facts.h"

namespace postseal::tests {

enum class Mx {
  Secure,
  Insecure,
  ImplicitSecure,
  ImplicitInsecure,
  NullSecure,
  NullInsecure,
  NxSecure,
  NxInsecure,
  Bogus,
  ServFail
};
enum class Address { Secure, Insecure, Bogus, ServFail, NoData, NxDomain };
enum class Tlsa { Usable, Mixed, Unusable, Absent, Insecure, Bogus, ServFail };
enum class Sts {
  Absent,
  Unknown,
  FetchFailed,
  NotAsked,
  EnforceMatch,
  EnforceMismatch,
  TestingMatch,
  TestingMismatch,
  None
};
enum class Local { Unset, None, May, Dane, Encrypt, Secure, DaneOnly, ExpiredDaneOnly };

inline constexpr std::array kMx{Mx::Secure,     Mx::Insecure,     Mx::ImplicitSecure, Mx::ImplicitInsecure,
                                Mx::NullSecure, Mx::NullInsecure, Mx::NxSecure,       Mx::NxInsecure,
                                Mx::Bogus,      Mx::ServFail};
inline constexpr std::array kAddress{Address::Secure,   Address::Insecure, Address::Bogus,
                                     Address::ServFail, Address::NoData,   Address::NxDomain};
inline constexpr std::array kTlsa{Tlsa::Usable,   Tlsa::Mixed, Tlsa::Unusable, Tlsa::Absent,
                                  Tlsa::Insecure, Tlsa::Bogus, Tlsa::ServFail};
inline constexpr std::array kSts{Sts::Absent,       Sts::Unknown,         Sts::FetchFailed,
                                 Sts::NotAsked,     Sts::EnforceMatch,    Sts::EnforceMismatch,
                                 Sts::TestingMatch, Sts::TestingMismatch, Sts::None};
inline constexpr std::array kLocal{Local::Unset,   Local::None,   Local::May,      Local::Dane,
                                   Local::Encrypt, Local::Secure, Local::DaneOnly, Local::ExpiredDaneOnly};

struct State {
  Mx mx = Mx::Secure;
  Address address = Address::Secure;
  Tlsa tlsa = Tlsa::Usable;
  Sts sts = Sts::Absent;
  Local local = Local::Unset;
  bool requiretls = false;
  bool tls_required_no = false;
  bool operator==(const State&) const = default;
};

policy::Facts facts_of(const State& state);
std::string describe(const State& state);

Domain domain(const char* name);
dns::TlsaRecord tlsa_record(std::uint8_t usage = 3, std::uint8_t seed = 1);
/// One host with these states, by itself: for facts with several hosts.
policy::HostFacts host_facts(const char* name, std::uint16_t preference, Address address, Tlsa tlsa);

}  // namespace postseal::tests
