// SPDX-License-Identifier: Apache-2.0
#include "lab/name_fault.h"

#include <fmt/core.h>

#include "lab/zones.h"

namespace postseal::lab {
namespace {

/// An answer whose record is owned by a compression pointer to itself.
Bytes garbled(std::span<const std::uint8_t> query, const Question& question) {
  Bytes out = write_reply(query, question, Rcode::NoError, false);
  out[7] = 1;
  const std::size_t here = out.size();
  out.push_back(static_cast<std::uint8_t>(0xc0 | here >> 8));
  out.push_back(static_cast<std::uint8_t>(here));
  return out;
}

/// Half of the data of each record. The head of a TLSA record is longer than half of the shortest.
std::vector<Rdata> halved(std::vector<Rdata> records) {
  for (Rdata& record : records) record.data.resize(record.data.size() / 2);
  return records;
}

/// What a forger sends who does not know everything about the question: the records, but by another id, for another
/// name, or from elsewhere.
std::vector<Forgery> forged(std::span<const std::uint8_t> query, const Question& question, const FaultSpec& spec,
                            std::span<const Rdata> records) {
  std::vector<Forgery> out;
  for (std::uint16_t i = 1; i <= spec.copies; ++i) {
    Forgery forgery{.packet = write_answer(query, question, records)};
    if (spec.fault == NameFault::WrongId) {
      const std::uint16_t id = question.id ^ i;
      forgery.packet[0] = static_cast<std::uint8_t>(id >> 8);
      forgery.packet[1] = static_cast<std::uint8_t>(id);
    } else if (spec.fault == NameFault::WrongQuestion) {
      const Question other{.id = question.id, .name = *Domain::parse_dns("other.test"), .type = question.type};
      const Bytes asked = write_query(other);
      forgery.packet = write_answer(asked, *parse_query(asked), records);
    } else {
      forgery.from = spec.fault == NameFault::WrongPort ? Forgery::From::OtherPort : Forgery::From::OtherAddress;
    }
    out.push_back(std::move(forgery));
  }
  return out;
}

}  // namespace

std::expected<NameFaults, std::string> NameFaults::create(std::vector<FaultSpec> faults, std::uint16_t smtp_port) {
  NameFaults out;
  for (FaultSpec& spec : faults) {
    Fault fault;
    const auto name = Domain::parse_dns(with_port(spec.name.ascii(), smtp_port) + ".");
    if (name) spec.name = *name;
    if (spec.type != "ANY") fault.type = type_number(spec.type);
    if (spec.type != "ANY" && !fault.type) return std::unexpected(fmt::format("fault: type {} is unknown", spec.type));
    for (const std::string& text : spec.answer) {
      auto rdata = parse_rdata(text);
      if (!rdata) return std::unexpected(fmt::format("fault at {}: {}", spec.name.ascii(), rdata.error()));
      fault.answer.push_back(std::move(*rdata));
    }
    fault.spec = std::move(spec);
    out.faults_.push_back(std::move(fault));
  }
  return out;
}

NameAction NameFaults::decide(std::span<const std::uint8_t> query, const Question& question, bool over_tcp) const {
  const Fault* found = nullptr;
  for (const Fault& fault : faults_) {
    const bool name_fits =
        fault.spec.below ? question.name.is_within(fault.spec.name) : question.name == fault.spec.name;
    if (name_fits && (!fault.type || *fault.type == question.type)) {
      found = &fault;
      break;
    }
  }
  if (!found) return {};
  const auto answer = [&](Bytes reply) {
    if (!over_tcp && reply.size() > kMaxUdpReply) reply = write_reply(query, question, Rcode::NoError, true);
    return NameAction{.pass = false, .reply = std::move(reply)};
  };
  switch (found->spec.fault) {
    case NameFault::ServFail:
      return answer(write_reply(query, question, Rcode::ServFail, false));
    case NameFault::Refused:
      return answer(write_reply(query, question, Rcode::Refused, false));
    case NameFault::NxDomain:
      return answer(write_reply(query, question, Rcode::NxDomain, false));
    case NameFault::Drop:
      return {.pass = false, .reply = std::nullopt};
    case NameFault::Delay:
      return {.reply = std::nullopt, .delay = found->spec.delay};
    case NameFault::Garble:
      return answer(garbled(query, question));
    case NameFault::Spoof:
      return answer(write_answer(query, question, found->answer));
    case NameFault::Truncate:
      if (!over_tcp) return answer(write_reply(query, question, Rcode::NoError, true));
      return {.pass = !found->spec.tcp_refused, .reply = std::nullopt};
    case NameFault::ForgeAd: {
      if (found->answer.empty()) return {.set_ad = true, .reply = std::nullopt};
      auto spoofed = write_answer(query, question, found->answer);
      spoofed[3] |= kAuthentic;
      return answer(std::move(spoofed));
    }
    case NameFault::Referral:
      return answer(write_referral(query, question, found->spec.name, found->spec.servers, found->spec.victim));
    case NameFault::ShortData:
      return answer(write_answer(query, question, halved(found->answer)));
    case NameFault::OtherCase:
      return {.other_case = true, .reply = std::nullopt};
    case NameFault::WrongId:
    case NameFault::WrongQuestion:
    case NameFault::WrongPort:
    case NameFault::WrongAddress:
      // Nobody forges within a TCP connection without having seen it.
      if (over_tcp) return {};
      return {.pass = !found->spec.alone,
              .reply = std::nullopt,
              .forgeries = forged(query, question, found->spec, found->answer)};
  }
  return {};
}

}  // namespace postseal::lab
