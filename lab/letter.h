#pragma once
// SPDX-License-Identifier: Apache-2.0
// The letter that the lab sends: multipart MIME with an attachment, lines that begin with dots, and a first line that
// stands in no other letter, so that even a fragment of it is found in a server's log.
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "lab/world.h"
#include "protocol/message/source.h"

namespace postseal::lab {

/// The lab's own letter for a case, CRLF line ends. run: tells one run of the case from another.
std::string built_in_letter(const CaseSpec& spec, std::string_view run);

/// The letter that a case sends: its message file (beside the world's file), or the lab's own. The error says why the
/// file cannot be read.
std::expected<std::string, std::string> letter_for(const CaseSpec& spec, const std::string& world_file,
                                                   std::string_view run);

/// What the first bytes of this letter look like on the wire: found in a log, they prove that a body went there.
std::string_view marker_of(std::string_view letter);

/// CRLF line ends become LF, as on disk.
std::string with_lf(std::string_view text);

/// A letter in memory. REQUIRES: the text outlives it.
class LetterSource final : public message::Source {
 public:
  explicit LetterSource(std::string_view text) : text_(text) {}
  std::ptrdiff_t read(std::span<char> buffer) override;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace postseal::lab
