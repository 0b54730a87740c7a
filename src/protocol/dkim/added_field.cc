// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/added_field.h"

#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

/// RFC 5322 §3.6 (a maximum of one) and RFC 2045 §3: with two of them, one is signed and the other shown. Not
/// MIME-Version: honest letters have it twice, and whichever is read says the same.
constexpr std::string_view kOnce[] = {"From",
                                      "Subject",
                                      "To",
                                      "Cc",
                                      "Reply-To",
                                      "Date",
                                      "Sender",
                                      "Message-ID",
                                      "In-Reply-To",
                                      "References",
                                      "Bcc",
                                      "Content-Type",
                                      "Content-Transfer-Encoding",
                                      "Content-ID",
                                      "Content-Description",
                                      "Content-Disposition"};

}  // namespace

std::optional<std::string_view> find_added_field(const MessagePass& pass, std::span<const std::string_view> names) {
  // RFC 6376 §8.15 (A25): signatures are checked from the bottom up, and readers look from the top: somebody has put
  // one in front.
  for (const std::string_view name : kOnce) {
    const std::size_t present = pass.index().count(name);
    if (present < 2) continue;
    std::size_t is_signed = 0;
    for (const std::string_view listed : names) is_signed += equals_ignoring_case(listed, name) ? 1 : 0;
    if (is_signed > 0 && present > is_signed) return name;
  }
  return std::nullopt;
}

}  // namespace postseal::dkim
