#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the TXT record and the policy body have in common: names of fields and the characters of their values.
#include <string>
#include <string_view>

namespace postseal::mtasts {

/// RFC 8461 §3.1 sts-ext-name: a letter or digit, then up to 31 of letters, digits, "_", "-", ".".
bool is_field_name(std::string_view text);
/// RFC 8461 §3.1 sts-ext-value: printable ASCII without blank, "=" and ";"; not empty.
bool is_record_value(std::string_view text);
/// RFC 8461 §3.2 sts-policy-ext-value: printable ASCII or UTF-8, spaces only inside; not empty.
bool is_policy_value(std::string_view text);
/// 1*32 letters and digits.
bool is_policy_id(std::string_view text);
/// The text in quotes for a message to people: shortened, and without anything that is not printable ASCII.
std::string shown(std::string_view text);

}  // namespace postseal::mtasts
