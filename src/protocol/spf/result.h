#pragma once
// SPDX-License-Identifier: Apache-2.0
// What SPF says (RFC 7208 §2.6), in the words of Authentication-Results (RFC 8601 §2.7.2).
#include <optional>
#include <string_view>

namespace postseal::spf {

enum class Result { None, Neutral, Pass, Fail, SoftFail, TempError, PermError };

/// Lower case: "softfail".
std::string_view to_string(Result result);
std::optional<Result> parse_result(std::string_view word);

}  // namespace postseal::spf
