#pragma once
// SPDX-License-Identifier: Apache-2.0
// A DNS answer that never forgets how much it is worth. Unknown never becomes no: NODATA, NXDOMAIN, bogus and the kinds
// of failure are different values, and only the first three of AnswerState can be secure. RFC 4033 §5, RFC 4035 §4.3.
#include <string>
#include <string_view>
#include <vector>

#include "vocab/clock.h"
#include "vocab/codec.h"
#include "vocab/domain.h"

namespace postseal::dns {

enum class AnswerState { Found, NoData, NxDomain, Bogus, Failed };

/// Why nobody knows. None unless the state is Failed.
enum class Failure { None, ServFail, Refused, Timeout, Malformed, AliasLimit, Cancelled, NoResolver };

std::string_view to_string(AnswerState state);
std::string_view to_string(Failure failure);

/// R is a record type of records.h, or Bytes for raw rdata.
template <class R>
struct Answer {
  AnswerState state = AnswerState::Failed;
  /// Every link of the answer, aliases and denial included, was validated by DNSSEC from the trust anchor down.
  /// Always false for Bogus and Failed.
  bool secure = false;
  Failure failure = Failure::None;
  Domain question;
  /// The name at the end of the aliases; the question itself without any.
  Domain canonical;
  Seconds ttl{0};
  std::vector<R> records;
  /// Why it is bogus or failed, in words for people; empty otherwise.
  std::string why;

  bool found() const { return state == AnswerState::Found; }
  /// The name or the type is known not to exist (securely or not).
  bool absent() const { return state == AnswerState::NoData || state == AnswerState::NxDomain; }
  /// Nobody can say: bogus or failed. Treating this as absent is the mistake that this type exists to prevent.
  bool unknown() const { return state == AnswerState::Bogus || state == AnswerState::Failed; }
  bool aliased() const { return !(canonical == question); }
  bool operator==(const Answer&) const = default;
};

using RawAnswer = Answer<Bytes>;

/// "secure", "insecure", "bogus", "nodata", "nxdomain" or "error": the word shown to people, with "insecure " in front
/// of an unsigned nodata or nxdomain.
std::string describe(AnswerState state, bool secure, Failure failure);

}  // namespace postseal::dns
