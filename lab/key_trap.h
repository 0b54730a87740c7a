#pragma once
// SPDX-License-Identifier: Apache-2.0
// A zone that costs its validators dearly (CVE-2023-50387): many keys that all have one key tag, so that every
// signature by that tag must be tried with each of them, and many such signatures, none of which is right. The numbers
// are random but the same every time; the keys are as expensive to use as keys can be.
#include <string>
#include <string_view>
#include <vector>

namespace postseal::lab {

inline constexpr std::size_t kTrapKeys = 50, kTrapSignatures = 50;

/// The rdata of DNSKEY records.
std::vector<std::string> trap_keys();

/// In place of a signature as ldns-signzone writes it ("OWNER TTL IN RRSIG TYPE ..."): those that fit none of the keys.
std::vector<std::string> trap_signatures(std::string_view line);

}  // namespace postseal::lab
