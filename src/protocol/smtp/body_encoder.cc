// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/body_encoder.h"

namespace postseal::smtp {

bool BodyEncoder::encode(std::string_view piece, std::string& out) {
  octets_ += piece.size();
  // A CR at the end of a piece waits for its LF, so that no chunk ends between them.
  if (at_ == At::AfterCr && piece.starts_with('\n')) out += '\r';
  std::size_t kept = 0;  // piece[0, kept) is in out already
  for (std::size_t i = 0; i < piece.size(); ++i) {
    char c = piece[i];
    // RFC 5321 §2.3.8 MUST NOT: CR or LF alone. This is what SMTP smuggling is made of (pitfall 16): the body is
    // ended rather than repaired, because a repaired one is not what was signed.
    if ((at_ == At::AfterCr) != (c == '\n') || c == '\0') return false;
    if (c == '\n') {
      at_ = At::LineStart;
    } else if (c == '\r') {
      at_ = At::AfterCr;
    } else {
      // RFC 5321 §4.5.2 MUST: a line that starts with a dot gets another.
      if (at_ == At::LineStart && c == '.' && form_ == BodyForm::DotStuffed) {
        out.append(piece.substr(kept, i - kept));
        out += '.';
        kept = i;
      }
      at_ = At::InLine;
    }
  }
  std::size_t waits = at_ == At::AfterCr && !piece.empty() ? 1 : 0;
  out.append(piece.substr(kept, piece.size() - waits - kept));
  return true;
}

bool BodyEncoder::finish(std::string& out) {
  if (at_ == At::AfterCr) return false;
  if (at_ == At::InLine) {
    out += "\r\n";
    octets_ += 2;
    at_ = At::LineStart;
  }
  // RFC 5321 §4.1.1.4: CRLF.CRLF, whose first CRLF is the message's own last one.
  if (form_ == BodyForm::DotStuffed) out += ".\r\n";
  return true;
}

}  // namespace postseal::smtp
