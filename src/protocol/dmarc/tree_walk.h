#pragma once
// SPDX-License-Identifier: Apache-2.0
// The DNS tree walk (RFC 9989 §4.10): which records stand on the way from a name to the top, and which name on that way
// is the organizational domain. The only file of the room that awaits the resolver, with one exception in check.cc.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dmarc/record.h"
#include "protocol/dns/resolver.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::dmarc {

/// What stands at _dmarc.NAME.
struct Lookup {
  std::optional<Record> record;
  bool unknown = false;        ///< DNS gave no usable answer
  bool name_may_miss = false;  ///< NXDOMAIN: the name above may not exist either
  std::string why;             ///< of unknown
};

struct FoundRecord {
  Domain domain;
  Record record;
};

struct Walk {
  std::vector<FoundRecord> found;  ///< the longest name first
  Domain organizational;
  bool unknown = false;  ///< the walk met a lookup that failed: found and organizational mean nothing
  std::string why;
};

/// RFC 9989 §4.10.2, from the records of one walk. Pure.
Domain select_organizational(const Domain& start, const std::vector<FoundRecord>& found);

/// The names that a walk from here asks about, in order; at most eight. Pure.
std::vector<Domain> walk_targets(const Domain& start);

/// All walks of one check: no name is asked for twice.
class TreeWalker {
 public:
  /// REQUIRES: resolver outlives this.
  TreeWalker(dns::Resolver& resolver, Deadline deadline) : resolver_(resolver), deadline_(deadline) {}

  Awaitable<Lookup> look_at(Domain domain);
  Awaitable<Walk> walk(Domain start);

  const std::vector<std::string>& queries() const { return queries_; }
  bool secure() const { return !queries_.empty() && secure_; }
  bool walked(const Domain& start) const { return walks_.contains(start); }

 private:
  dns::Resolver& resolver_;
  Deadline deadline_;
  std::map<Domain, Lookup> lookups_;
  std::map<Domain, Walk> walks_;
  std::vector<std::string> queries_;
  bool secure_ = true;
};

}  // namespace postseal::dmarc
