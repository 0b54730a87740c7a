#pragma once
// SPDX-License-Identifier: Apache-2.0
// What of the letter's own header goes back to its sender.
#include <string>
#include <string_view>

namespace postseal::dsn {

enum class Extent {
  Whole,     ///< as it is, up to a limit
  Redacted,  ///< Message-ID and Date only: RFC 8689 §5
};

/// Whole fields with CRLF at their ends; ends at the first empty line, so that nothing of a body is ever in it.
std::string returned_header(std::string_view header, Extent extent);

}  // namespace postseal::dsn
