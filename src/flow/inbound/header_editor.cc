// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/header_editor.h"

#include <algorithm>

#include "protocol/message/requiretls.h"
#include "protocol/smtp/printable.h"
#include "vocab/ascii.h"

namespace postseal::inbound {

namespace {

/// RFC 5322 §2.1.1 MUST: no line is longer. A colon is looked for so far: blanks before it are allowed (§4.5), and
/// a Bcc behind many of them is still one. Where there are more, the line is what its name says.
constexpr std::size_t kLongestName = 1000;
constexpr std::size_t kLongestValue = 1000;
/// A field of results that is longer goes, whoever made it: nobody can say whose it is.
constexpr std::size_t kLongestVerdict = std::size_t{64} * 1024;

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The field as somebody reads it who takes folds away before he looks for the colon.
std::string with_name(std::string_view field) {
  const std::size_t colon = std::min(field.find(':'), field.size());
  return std::string(trim(field.substr(0, colon))).append(field.substr(colon));
}

}  // namespace

HeaderEditor::Field HeaderEditor::field_of(std::string_view name) {
  name = trim(name);
  if (equals_ignoring_case(name, "bcc") || equals_ignoring_case(name, "resent-bcc")) return Field::Bcc;
  if (equals_ignoring_case(name, "date")) return Field::Date;
  if (equals_ignoring_case(name, "message-id")) return Field::MessageId;
  if (equals_ignoring_case(name, "tls-required")) return Field::TlsRequired;
  if (equals_ignoring_case(name, "postseal-only-if-verified")) return Field::OnlyIfVerified;
  if (equals_ignoring_case(name, "authentication-results") || equals_ignoring_case(name, "postseal-quarantine"))
    return Field::Verdict;
  return Field::Other;
}

void HeaderEditor::end_field(std::string& out) {
  // RFC 8601 §5 MUST (A21): what claims to be ours and comes from outside would be believed by whoever reads it.
  if (field_ == Field::Verdict && forged_ && verdict_.size() <= kLongestVerdict) {
    if (!forged_(message::HeaderField(with_name(verdict_)))) out += verdict_;
  }
  verdict_.clear();
  const std::string_view value = trim(value_);
  if (field_ == Field::MessageId && message_id_.empty()) message_id_ = smtp::printable(value);
  if (field_ == Field::TlsRequired) {
    ++tls_required_fields_;
    tls_required_no_ = message::value_says_no(value);
  }
  if (field_ == Field::OnlyIfVerified && equals_ignoring_case(value, "yes")) only_if_verified_ = true;
  field_ = Field::None;
  value_.clear();
}

void HeaderEditor::end_header(std::string& out) {
  end_field(out);
  ended_ = true;
  if (editing_ != Editing::Complete) return;
  // RFC 6409 §8.1, §8.3 MAY: added where missing.
  if (!has_date_) out += "Date: " + date_ + "\r\n";
  if (!has_message_id_) {
    message_id_ = "<" + new_message_id_ + ">";
    out += "Message-ID: " + message_id_ + "\r\n";
  }
}

void HeaderEditor::take(std::string_view bytes, std::string& out) {
  if (known() && value_.size() < kLongestValue) value_.append(bytes.substr(0, kLongestValue - value_.size()));
  // RFC 5322 §3.6.3, §3.6.6: who reads the letter is not to learn of hidden recipients.
  if (field_ == Field::Bcc && editing_ == Editing::Complete) return;
  if (field_ == Field::Verdict && forged_) {
    // One octet more than allowed is enough to know that it is too long.
    verdict_.append(bytes.substr(0, kLongestVerdict + 1 - std::min(verdict_.size(), kLongestVerdict + 1)));
    return;
  }
  out += bytes;
}

/// The beginning of a line, as far as it has come: to the colon, to its end, or kLongestName of it.
void HeaderEditor::begin_line(std::string_view line, std::string& out) {
  in_line_ = true;
  const bool folded = line.front() == ' ' || line.front() == '\t';
  if (folded && field_ != Field::None) return take(line, out);  // goes on with the field above
  // A21: there is none, so it would go on with what we put in front: a Received field of ours in a stranger's words.
  folded_ |= folded && editing_ == Editing::Note;
  const auto colon = line.substr(0, kLongestName).find(':');
  if (line == "\r\n" || colon == std::string_view::npos || folded) {
    const bool blank = line == "\r\n";
    // RFC 5322 §2.1 (A21): the empty line ends the header, and nothing else does, for us as for all others who look
    // for fields; except that a user's letter gets the empty line where it is missing, and is body from there on.
    const bool mended = !blank && editing_ == Editing::Complete && (folded || line.size() < kLongestName);
    if (!blank && !mended) {
      end_field(out);
      // A colon may still come, behind more blanks.
      const Field named = field_of(line.substr(0, kLongestName));
      field_ = named == Field::Verdict || named == Field::Bcc ? named : Field::Other;
      return take(line, out);
    }
    end_header(out);
    if (mended) out += "\r\n";
    out += line;
    return;
  }
  end_field(out);
  field_ = field_of(line.substr(0, colon));
  has_date_ |= field_ == Field::Date;
  has_message_id_ |= field_ == Field::MessageId;
  if (field_ == Field::Bcc && editing_ == Editing::Complete) return;
  if (field_ == Field::Verdict && forged_) return take(line, out);
  out += line.substr(0, colon + 1);
  take(line.substr(colon + 1), out);
}

void HeaderEditor::feed(std::string_view piece, std::string& out) {
  out.reserve(out.size() + piece.size());
  while (!piece.empty() && !ended_) {
    const auto end = piece.find('\n');
    const bool whole = end != std::string_view::npos;
    std::string_view part = piece.substr(0, whole ? end + 1 : end);
    piece.remove_prefix(part.size());
    if (in_line_) {
      take(part, out);
    } else if (held_.empty() && whole) {
      begin_line(part, out);
    } else {
      held_ += part;
      if (!whole && held_.size() < kLongestName && held_.find(':') == std::string::npos) continue;
      begin_line(held_, out);
      held_.clear();
    }
    if (whole) in_line_ = false;
  }
  out += piece;
}

void HeaderEditor::finish(std::string& out) {
  if (ended_) return;
  if (!held_.empty()) begin_line(held_, out);
  held_.clear();
  if (!ended_) end_header(out);
}

}  // namespace postseal::inbound
