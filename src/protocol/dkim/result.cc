// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/result.h"

namespace postseal::dkim {

std::string_view to_string(Result result) {
  switch (result) {
    case Result::None:
      return "none";
    case Result::Pass:
      return "pass";
    case Result::Fail:
      return "fail";
    case Result::Policy:
      return "policy";
    case Result::Neutral:
      return "neutral";
    case Result::TempError:
      return "temperror";
    case Result::PermError:
      return "permerror";
  }
  return "permerror";
}

}  // namespace postseal::dkim
