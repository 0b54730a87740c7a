// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/unbound_answer.h"

#include <unbound.h>

#include <string_view>
#include <utility>

#include "protocol/dns/message.h"

namespace postseal::resolver {
namespace {

constexpr int kNoError = 0;
constexpr int kServFail = 2;
constexpr int kNxDomain = 3;

bool is_referral(const ub_result& result) {
  if (result.answer_packet == nullptr || result.answer_len <= 0) return false;
  const auto* bytes = static_cast<const std::uint8_t*>(result.answer_packet);
  return dns::is_referral({bytes, static_cast<std::size_t>(result.answer_len)});
}

}  // namespace

dns::RawAnswer failed_answer(const Domain& question, dns::Failure failure, std::string why) {
  dns::RawAnswer answer;
  answer.state = dns::AnswerState::Failed;
  answer.failure = failure;
  answer.question = question;
  answer.canonical = question;
  answer.why = std::move(why);
  return answer;
}

dns::RawAnswer answer_of(const Domain& question, Informant informant, int error, const ub_result* result) {
  if (error != 0 || result == nullptr) {
    return failed_answer(question, dns::Failure::ServFail, std::string("libunbound: ") + ub_strerror(error));
  }
  // RFC 4035 §5.5 (D08, pitfall 12): bogus comes with rcode 0 and the forged data, so it is looked at before them.
  if (result->bogus != 0) {
    auto answer = failed_answer(question, dns::Failure::None,
                                result->why_bogus != nullptr ? result->why_bogus : "DNSSEC validation failed");
    answer.state = dns::AnswerState::Bogus;
    return answer;
  }
  if (result->rcode != kNoError && result->rcode != kNxDomain) {
    // D08: no error code is an absence.
    std::string why = result->rcode == kServFail
                          ? "no name server responsible for it gave an answer (SERVFAIL)"
                          : "the name server answers with error code " + std::to_string(result->rcode);
    return failed_answer(question, dns::failure_of_rcode(result->rcode), std::move(why));
  }

  dns::RawAnswer answer;
  answer.question = question;
  answer.canonical = question;
  answer.secure = result->secure != 0;
  answer.ttl = Seconds{result->ttl > 0 ? result->ttl : 0};
  if (result->canonname != nullptr) {
    // libunbound shows bytes that it cannot print as '?': a name with one is not the name that DNS gave.
    const std::string_view shown = result->canonname;
    auto canonical = Domain::parse_dns(shown);
    if (!canonical || shown.contains('?')) {
      return failed_answer(question, dns::Failure::Malformed, "it is an alias of a name that cannot be printed");
    }
    answer.canonical = std::move(*canonical);
  }
  if (result->rcode == kNxDomain || result->nxdomain != 0) {
    answer.state = dns::AnswerState::NxDomain;
    return answer;
  }
  // RFC 2308 §2.2 (A31, D08): a resolver that only points to name servers has not looked; libunbound takes that for "no
  // such records".
  if (result->havedata == 0 && !answer.secure && informant == Informant::Resolver && is_referral(*result)) {
    return failed_answer(
        question, dns::Failure::Refused,
        "the resolver that is forwarded to does not resolve for others: it names name servers instead");
  }
  if (result->havedata == 0) {
    answer.state = dns::AnswerState::NoData;
    return answer;
  }
  answer.state = dns::AnswerState::Found;
  for (std::size_t i = 0; result->data[i] != nullptr; ++i) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(result->data[i]);
    answer.records.emplace_back(bytes, bytes + result->len[i]);
  }
  return answer;
}

}  // namespace postseal::resolver
