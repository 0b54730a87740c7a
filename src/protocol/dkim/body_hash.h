#pragma once
// SPDX-License-Identifier: Apache-2.0
// A body, canonicalised and hashed as it streams by: RFC 6376 §3.4.3 (simple), §3.4.4 (relaxed), §3.4.5 (l=). One run
// serves every l= of its canonicalisation: the hash so far is noted when that many octets have gone in.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dkim/canonical.h"
#include "protocol/dkim/digest.h"

namespace postseal::dkim {

/// The hash of so many octets. Collects short pieces, because each call of the hash has its price.
class MarkedHash {
 public:
  /// marks: the l= values that are asked for, in any order, several times if you like.
  explicit MarkedHash(std::vector<std::uint64_t> marks);
  void put(std::string_view octets);
  void finish();
  std::uint64_t count() const { return count_; }
  Digest whole() const { return whole_; }
  /// nullopt: there were not that many octets. REQUIRES: finish() was called, and the mark was asked for.
  std::optional<Digest> at(std::uint64_t mark) const;

 private:
  void take(std::string_view octets);
  void flush();

  struct Mark {
    std::uint64_t at;
    std::optional<Digest> digest;
  };
  std::vector<Mark> marks_;  ///< ascending
  std::size_t next_mark_ = 0;
  std::uint64_t count_ = 0;  ///< octets put so far
  std::uint64_t taken_ = 0;  ///< octets hashed so far
  std::string collected_;
  Sha256 hash_;
  Digest whole_{};
};

class BodyHash {
 public:
  BodyHash(Canonicalization canonicalization, std::vector<std::uint64_t> marks);
  /// The body in pieces of any size, with CRLF.
  void feed(std::string_view piece);
  void finish();

  Canonicalization canonicalization() const { return canonicalization_; }
  /// Octets of the canonical body.
  std::uint64_t size() const { return hash_.count(); }
  /// Of the first `length` octets, or of all. nullopt: the body is shorter.
  std::optional<Digest> digest(std::optional<std::uint64_t> length) const;

 private:
  void reduce_blanks(std::string_view piece);
  void hold_empty_lines(std::string_view octets);
  void release_empty_lines();

  Canonicalization canonicalization_;
  MarkedHash hash_;
  bool held_cr_ = false;              ///< the last octet was a CR: of a CRLF or not?
  bool held_blank_ = false;           ///< relaxed: blanks came, and maybe the line ends here
  std::uint64_t held_line_ends_ = 0;  ///< CRLFs that count only if something follows
};

}  // namespace postseal::dkim
