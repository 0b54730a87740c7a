#pragma once
// SPDX-License-Identifier: Apache-2.0
// Values as operators read them in a terminal: short, of known width, and unable to move the cursor.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vocab/clock.h"

namespace postseal::cli {

/// "45s", "12m", "3h", "2d": the largest unit of which there are at least two. Below zero: "now".
std::string age_text(Seconds age);
/// "900", "4.6K", "12M": at most five characters.
std::string size_text(std::uint64_t octets);

/// Columns of the terminal on standard output, 80 to 120; 100 where it is none.
std::size_t terminal_width();
/// What a peer may have written, cut to so many columns with an ellipsis.
std::string fit(std::string_view text, std::size_t width);
/// Printable, broken at blanks into lines of at most `width` columns, each behind `indent` blanks and with a line end.
/// Words that are longer stay whole.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace postseal::cli
