// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/scan.h"

#include <fmt/format.h>

#include <utility>

namespace postseal::message {

void Scanner::fail(MessageErrorCode code, std::uint64_t offset, std::string what) {
  if (!error_) error_ = MessageError{code, line_, offset, std::move(what)};
}

std::uint64_t Scanner::wire_size() const {
  std::uint64_t size = offset_;
  if (!saw_crlf_) size += line_ends_;  // each LF becomes CRLF
  if (line_length_ > 0) size += 2;     // the last line has no end of its own
  return size;
}

void Scanner::feed(std::string_view piece) {
  for (char c : piece) {
    if (error_) return;
    take(c);
    ++offset_;
  }
  if (offset_ > limit_) fail_too_large();
}

void Scanner::fail_too_large() {
  fail(MessageErrorCode::TooLarge, limit_,
       fmt::format("The message has more than the {} octets allowed: send it in parts.", limit_));
}

void Scanner::take(char c) {
  // RFC 5321 §2.3.8 MUST NOT: CR and LF only as CRLF. With a CR anywhere the file says that it is written in CRLF, and
  // what differs from that is how messages are smuggled: it is refused, not repaired (pitfall 16).
  if (after_cr_ && c != '\n') {
    fail(MessageErrorCode::BareCr, offset_ - 1,
         fmt::format("Line {} has a CR without LF: convert the file to CRLF or to LF line ends.", line_));
    return;
  }
  if (c == '\n') {
    if (after_cr_) {
      saw_crlf_ = true;
    } else if (!first_bare_lf_) {
      first_bare_lf_ =
          MessageError{MessageErrorCode::BareLf, line_, offset_,
                       fmt::format("Line {} ends in LF alone while others end in CRLF: convert the file to "
                                   "one kind of line ends.",
                                   line_)};
    }
    after_cr_ = false;
    end_line();
    return;
  }
  if (c == '\r') {
    after_cr_ = true;
    return;
  }
  // RFC 5322 §2.1.1, §4.1: NUL is in no message since 2822, and servers cut lines at it.
  if (c == '\0') {
    fail(MessageErrorCode::Nul, offset_,
         fmt::format("Line {} has a NUL character: is this a message? Encode binary parts in base64.", line_));
    return;
  }
  // RFC 5322 §2.1.1 MUST
  if (++line_length_ > kMaxLine) {
    fail(MessageErrorCode::LineTooLong, offset_,
         fmt::format("Line {} is longer than {} characters: use quoted-printable or base64 for this part.", line_,
                     kMaxLine));
    return;
  }
  if (static_cast<unsigned char>(c) > 127) {
    eight_bit_ = true;
    if (!header_.ended()) utf8_headers_ = true;
  }
  if (!header_.ended()) header_.take(c);
}

void Scanner::end_line() {
  header_.end_line();
  ++line_ends_;
  ++line_;
  line_length_ = 0;
}

std::expected<MessageFacts, MessageError> Scanner::finish() {
  if (!error_ && after_cr_) {
    fail(MessageErrorCode::BareCr, offset_ - 1, fmt::format("Line {} ends the file with a CR without LF.", line_));
  }
  // Whichever comes first in the file is told; a lone CR in a file of LFs is told as what it is.
  if (saw_crlf_ && first_bare_lf_ && (!error_ || first_bare_lf_->offset < error_->offset)) error_ = first_bare_lf_;
  if (!error_ && wire_size() > limit_) fail_too_large();
  if (error_) return std::unexpected(*error_);
  if (offset_ == 0) return std::unexpected(MessageError{MessageErrorCode::Empty, 1, 0, "The message is empty."});

  header_.finish();
  if (!header_.has_fields()) {
    return std::unexpected(MessageError{
        MessageErrorCode::NoHeader, 1, 0,
        header_.begins_with_from_line()
            ? "The file begins with a mailbox separator (\"From ...\"): remove that line, or extract one message from "
              "the mailbox."
            : "The first line is no header field (\"Name: value\"): a message begins with From, Date and Subject, then "
              "an empty line."});
  }
  return MessageFacts{.line_ends = saw_crlf_ ? LineEnds::Crlf : LineEnds::Lf,
                      .wire_size = wire_size(),
                      .eight_bit = eight_bit_,
                      .utf8_headers = utf8_headers_,
                      .tls_required_no = header_.tls_required_no(),
                      .message_id = header_.message_id()};
}

}  // namespace postseal::message
