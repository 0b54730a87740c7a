#pragma once
// SPDX-License-Identifier: Apache-2.0
// A Resolver played from a table. A name that is not in it is a secure NXDOMAIN; a type that is not in it, of a name
// that is, is NODATA as secure as the name's other records. Remembers what was asked. Names that make no sense throw.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/dns/resolver.h"

namespace postseal::tests {

class FakeResolver final : public dns::Resolver {
 public:
  /// The question is filled in, and the canonical name where the answer leaves it the root.
  void set(const std::string& name, dns::RecordType type, dns::RawAnswer answer);
  /// Found, with rdata in wire form.
  void found(const std::string& name, dns::RecordType type, std::vector<Bytes> rdata, bool secure = true);
  void txt(const std::string& name, std::vector<std::vector<std::string>> records, bool secure = true);
  void mx(const std::string& name, std::vector<std::pair<int, std::string>> records, bool secure = true);
  /// IPv4 addresses become the A answer, IPv6 addresses the AAAA answer.
  void a(const std::string& name, std::vector<std::string> addresses, bool secure = true);
  void tlsa(const std::string& name, std::vector<dns::TlsaRecord> records, bool secure = true);
  /// Bogus and Failed are never secure; Failed without a failure is ServFail.
  void state(const std::string& name, dns::RecordType type, dns::AnswerState state, bool secure = true,
             dns::Failure failure = dns::Failure::None);

  Awaitable<dns::RawAnswer> lookup(Domain name, dns::RecordType type, Deadline deadline) override;

  std::vector<std::pair<std::string, dns::RecordType>> asked;

 private:
  std::map<std::pair<std::string, dns::RecordType>, dns::RawAnswer> answers_;
};

/// DNS wire form of a name, for rdata.
Bytes wire_name(const std::string& name);

}  // namespace postseal::tests
