// SPDX-License-Identifier: Apache-2.0
#include "protocol/policy/facts.h"

#include <array>

#include "protocol/policy/evidence.h"

namespace postseal::policy {

std::string_view to_string(LocalLevel level) {
  switch (level) {
    case LocalLevel::None:
      return "none";
    case LocalLevel::May:
      return "may";
    case LocalLevel::Dane:
      return "dane";
    case LocalLevel::Encrypt:
      return "encrypt";
    case LocalLevel::Secure:
      return "secure";
    case LocalLevel::DaneOnly:
      return "dane-only";
  }
  return "";
}

std::optional<LocalLevel> parse_local_level(std::string_view word) {
  constexpr std::array kLevels{LocalLevel::None,    LocalLevel::May,    LocalLevel::Dane,
                               LocalLevel::Encrypt, LocalLevel::Secure, LocalLevel::DaneOnly};
  for (const LocalLevel level : kLevels) {
    if (to_string(level) == word) return level;
  }
  return std::nullopt;
}

std::string_view to_string(ProofFailure failure) {
  switch (failure) {
    case ProofFailure::None:
      return "none";
    case ProofFailure::NoCertificate:
      return "no-certificate";
    case ProofFailure::TlsaMismatch:
      return "tlsa-mismatch";
    case ProofFailure::HostMismatch:
      return "host-mismatch";
    case ProofFailure::Expired:
      return "expired";
    case ProofFailure::NotYetValid:
      return "not-yet-valid";
    case ProofFailure::NotTrusted:
      return "not-trusted";
    case ProofFailure::WeakKey:
      return "weak-key";
    case ProofFailure::Other:
      return "other";
  }
  return "";
}

}  // namespace postseal::policy
