#pragma once
// SPDX-License-Identifier: Apache-2.0
// One check_host() with all that it includes and is redirected to (RFC 7208 §4): the counters and the clock of the
// whole evaluation. This file's .cc files and validated_names.cc are the only ones of the room that await the resolver.
#include <optional>
#include <string>

#include "protocol/spf/check.h"
#include "protocol/spf/record.h"
#include "protocol/spf/validated_names.h"

namespace postseal::spf {

/// Who is asked about. Macros expand to these.
struct Identity {
  std::string local;
  std::string domain;
  std::string helo;
  std::string receiver;
  IpAddress ip;
  WallTime now{};
};

struct Outcome {
  Result result = Result::None;
  std::string mechanism = {};
  std::string reason = {};
  /// Fail: where the domain that said so explains it, and that domain.
  std::optional<MacroString> explanation = {};
  std::string domain = {};
};

class Evaluation {
 public:
  /// REQUIRES: resolver outlives this.
  Evaluation(dns::Resolver& resolver, Identity identity, Deadline deadline);

  /// `domain` may be anything that is left of a macro.
  Awaitable<Outcome> check_host(std::string domain);
  /// What the sender of a Fail is to be told. Empty where RFC 7208 §6.2 says to go on as if there were no "exp".
  /// Counts nothing.
  Awaitable<std::string> explain(MacroString target, std::string domain);

  unsigned lookups() const { return lookups_; }
  unsigned void_lookups() const { return void_lookups_; }
  bool secure() const { return asked_ && secure_; }

 private:
  enum class Match { Yes, No, TempError, PermError };
  struct Finding {
    Match match = Match::No;
    std::string reason = {};  ///< of the errors
  };
  /// What a term is about, or why there is nothing to look up.
  struct Target {
    std::optional<Finding> settled = {};
    std::string text = {};
    Domain name = {};
  };

  Awaitable<Finding> match(Mechanism mechanism, std::string domain);
  Awaitable<Finding> match_include(Include include, std::string domain);
  Awaitable<Finding> match_address(Address address, std::string domain);
  Awaitable<Finding> match_mx(Mx mx, std::string domain);
  Awaitable<Finding> match_ptr(Ptr ptr, std::string domain);
  Awaitable<Finding> match_exists(Exists exists, std::string domain);
  Awaitable<Outcome> follow(MacroString redirect, std::string domain);

  bool covers(const std::vector<IpAddress>& addresses, CidrLengths lengths) const;
  dns::RecordType address_type() const;
  std::optional<Finding> count_lookup();
  std::optional<Finding> count_void();
  Awaitable<Target> find_target(std::optional<MacroString> target, std::string domain);
  Awaitable<MacroValues> values_for(bool with_name, std::string domain);
  Awaitable<dns::RawAnswer> ask(Domain name, dns::RecordType type);
  Awaitable<void> find_names();

  dns::Resolver& resolver_;
  const Identity identity_;
  const Deadline deadline_;
  unsigned lookups_ = 0;
  unsigned void_lookups_ = 0;
  bool asked_ = false;
  bool secure_ = true;
  std::optional<ValidatedNames> names_;  ///< of the client; looked up once
};

}  // namespace postseal::spf
