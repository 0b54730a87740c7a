// SPDX-License-Identifier: Apache-2.0
#include "tests/fake_resolver.h"

#include <stdexcept>

namespace postseal::tests {
namespace {

using dns::AnswerState;
using dns::RecordType;

Domain domain_of(const std::string& name) {
  if (name.empty() || name == ".") return Domain{};
  auto parsed = Domain::parse_dns(name);
  if (!parsed) throw std::invalid_argument("not a DNS name: " + name + ": " + parsed.error().context);
  return *parsed;
}

void append_string(Bytes& out, std::string_view text) {
  if (text.size() > 255) throw std::invalid_argument("a character-string holds at most 255 bytes");
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

Bytes wire_name(const std::string& name) {
  Bytes wire;
  std::string_view rest = name;
  while (!rest.empty() && rest != ".") {
    const auto dot = rest.find('.');
    append_string(wire, rest.substr(0, dot));
    rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
  }
  wire.push_back(0);
  return wire;
}

void FakeResolver::set(const std::string& name, RecordType type, dns::RawAnswer answer) {
  const Domain question = domain_of(name);
  answer.question = question;
  if (answer.canonical.is_root()) answer.canonical = question;
  answers_[{question.ascii(), type}] = std::move(answer);
}

void FakeResolver::found(const std::string& name, RecordType type, std::vector<Bytes> rdata, bool secure) {
  dns::RawAnswer answer;
  answer.state = AnswerState::Found;
  answer.secure = secure;
  answer.ttl = Seconds{300};
  answer.records = std::move(rdata);
  set(name, type, std::move(answer));
}

void FakeResolver::txt(const std::string& name, std::vector<std::vector<std::string>> records, bool secure) {
  std::vector<Bytes> rdata;
  for (const auto& strings : records) {
    Bytes wire;
    for (const auto& text : strings) append_string(wire, text);
    rdata.push_back(std::move(wire));
  }
  found(name, RecordType::TXT, std::move(rdata), secure);
}

void FakeResolver::mx(const std::string& name, std::vector<std::pair<int, std::string>> records, bool secure) {
  std::vector<Bytes> rdata;
  for (const auto& [preference, exchange] : records) {
    Bytes wire{static_cast<std::uint8_t>(preference >> 8), static_cast<std::uint8_t>(preference & 0xff)};
    const Bytes host = wire_name(exchange);
    wire.insert(wire.end(), host.begin(), host.end());
    rdata.push_back(std::move(wire));
  }
  found(name, RecordType::MX, std::move(rdata), secure);
}

void FakeResolver::a(const std::string& name, std::vector<std::string> addresses, bool secure) {
  std::vector<Bytes> v4;
  std::vector<Bytes> v6;
  for (const auto& text : addresses) {
    const auto address = IpAddress::parse(text);
    if (!address) throw std::invalid_argument("not an address: " + text);
    const auto bytes = address->bytes();
    (address->is_v4() ? v4 : v6).emplace_back(bytes.begin(), bytes.end());
  }
  if (!v4.empty()) found(name, RecordType::A, std::move(v4), secure);
  if (!v6.empty()) found(name, RecordType::AAAA, std::move(v6), secure);
}

void FakeResolver::tlsa(const std::string& name, std::vector<dns::TlsaRecord> records, bool secure) {
  std::vector<Bytes> rdata;
  for (const auto& record : records) {
    Bytes wire{record.usage, record.selector, record.matching_type};
    wire.insert(wire.end(), record.data.begin(), record.data.end());
    rdata.push_back(std::move(wire));
  }
  found(name, RecordType::TLSA, std::move(rdata), secure);
}

void FakeResolver::state(const std::string& name, RecordType type, AnswerState state, bool secure,
                         dns::Failure failure) {
  dns::RawAnswer answer;
  answer.state = state;
  const bool unknown = state == AnswerState::Bogus || state == AnswerState::Failed;
  answer.secure = secure && !unknown;
  answer.failure = state == AnswerState::Failed && failure == dns::Failure::None ? dns::Failure::ServFail : failure;
  answer.ttl = Seconds{unknown ? 0 : 300};
  if (unknown) answer.why = "the test says so";
  set(name, type, std::move(answer));
}

Awaitable<dns::RawAnswer> FakeResolver::lookup(Domain name, RecordType type, Deadline) {
  asked.emplace_back(name.ascii(), type);
  if (const auto known = answers_.find({name.ascii(), type}); known != answers_.end()) co_return known->second;

  dns::RawAnswer answer;
  answer.state = AnswerState::NxDomain;
  answer.secure = true;
  answer.question = name;
  answer.canonical = name;
  answer.ttl = Seconds{300};
  // A name with records of another type exists: its missing types are NODATA, in the same zone, so as secure as these.
  for (const auto& [key, other] : answers_) {
    if (key.first != name.ascii() || other.unknown()) continue;
    answer.state = other.state == AnswerState::NxDomain ? AnswerState::NxDomain : AnswerState::NoData;
    answer.secure = other.secure;
    if (key.second != RecordType::CNAME) answer.canonical = other.canonical;
    break;
  }
  co_return answer;
}

}  // namespace postseal::tests
