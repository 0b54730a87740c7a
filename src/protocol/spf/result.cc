// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/result.h"

namespace postseal::spf {

std::string_view to_string(Result result) {
  switch (result) {
    case Result::None:
      return "none";
    case Result::Neutral:
      return "neutral";
    case Result::Pass:
      return "pass";
    case Result::Fail:
      return "fail";
    case Result::SoftFail:
      return "softfail";
    case Result::TempError:
      return "temperror";
    case Result::PermError:
      return "permerror";
  }
  return "permerror";
}

std::optional<Result> parse_result(std::string_view word) {
  for (const Result result : {Result::None, Result::Neutral, Result::Pass, Result::Fail, Result::SoftFail,
                              Result::TempError, Result::PermError}) {
    if (to_string(result) == word) return result;
  }
  return std::nullopt;
}

}  // namespace postseal::spf
