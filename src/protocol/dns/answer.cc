// SPDX-License-Identifier: Apache-2.0
#include "protocol/dns/answer.h"

namespace postseal::dns {

std::string_view to_string(AnswerState state) {
  switch (state) {
    case AnswerState::Found:
      return "found";
    case AnswerState::NoData:
      return "nodata";
    case AnswerState::NxDomain:
      return "nxdomain";
    case AnswerState::Bogus:
      return "bogus";
    case AnswerState::Failed:
      return "failed";
  }
  return "failed";
}

std::string_view to_string(Failure failure) {
  switch (failure) {
    case Failure::None:
      return "none";
    case Failure::ServFail:
      return "servfail";
    case Failure::Refused:
      return "refused";
    case Failure::Timeout:
      return "timeout";
    case Failure::Malformed:
      return "malformed";
    case Failure::AliasLimit:
      return "alias limit";
    case Failure::Cancelled:
      return "cancelled";
    case Failure::NoResolver:
      return "no resolver";
  }
  return "none";
}

std::string describe(AnswerState state, bool secure, Failure failure) {
  switch (state) {
    case AnswerState::Found:
      return secure ? "secure" : "insecure";
    case AnswerState::NoData:
    case AnswerState::NxDomain:
      return (secure ? "" : "insecure ") + std::string(to_string(state));
    case AnswerState::Bogus:
      return "bogus";
    case AnswerState::Failed:
      return failure == Failure::None ? "error" : "error (" + std::string(to_string(failure)) + ")";
  }
  return "error";
}

}  // namespace postseal::dns
