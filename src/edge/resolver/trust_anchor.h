#pragma once
// SPDX-License-Identifier: Apache-2.0
// The file that says which root key is trusted: checked before libunbound sees it, and copied to a place where RFC 5011
// updates can be kept.
#include <expected>
#include <string>
#include <string_view>

namespace postseal::resolver {

/// A DS or DNSKEY record is in the text of a trust anchor file. libunbound takes a file without any as "trust nothing",
/// which would make every answer insecure without a word.
bool has_trust_anchor(std::string_view text);

/// The file is readable and has an anchor. The error is one line: what, where, remedy.
std::expected<void, std::string> check_trust_anchor(const std::string& file);

/// The file in state_dir that follows the root's key rolls (RFC 5011). It starts as a copy of `file`, and starts anew
/// when `file` itself has changed or the copy is damaged. REQUIRES: check_trust_anchor(file).
std::expected<std::string, std::string> keep_trust_anchor(const std::string& file, const std::string& state_dir);

}  // namespace postseal::resolver
