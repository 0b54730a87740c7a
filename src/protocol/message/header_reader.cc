// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/header_reader.h"

#include "protocol/message/requiretls.h"
#include "vocab/ascii.h"

namespace postseal::message {
namespace {

/// More than the longest line. Longer (folded) values are cut for keeping: a cut TLS-Required is not "No", whatever the
/// part kept says, and nothing else is decided by a value.
constexpr std::size_t kMaxKept = 1000;

/// RFC 5322 §2.2: printable ASCII without colon.
bool is_name_character(char c) { return c > ' ' && c < 0x7f && c != ':'; }

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

void HeaderReader::take(char c) {
  line_empty_ = false;
  if (!ended_ && line_.size() < kMaxKept) line_ += c;
}

void HeaderReader::begin_field(std::string_view name, std::string_view value) {
  end_field();
  ++fields_;
  value_ = value;
  field_ = equals_ignoring_case(name, "TLS-Required") ? Field::TlsRequired
           : equals_ignoring_case(name, "Message-ID") ? Field::MessageId
                                                      : Field::Other;
}

void HeaderReader::end_field() {
  if (field_ == Field::TlsRequired) {
    ++tls_required_fields_;
    tls_required_no_ = !value_cut_ && value_says_no(value_);
  }
  if (field_ == Field::MessageId && message_id_.empty()) message_id_ = trim(value_);
  field_ = Field::None;
  value_.clear();
  value_cut_ = false;
}

void HeaderReader::end_line() {
  if (ended_) return;
  std::string line;
  line.swap(line_);
  bool empty = line_empty_;
  line_empty_ = true;
  // RFC 5322 §2.2.3: a line that begins with white space continues the field before it.
  if (!empty && (line[0] == ' ' || line[0] == '\t') && field_ != Field::None) {
    value_cut_ = value_cut_ || value_.size() >= kMaxKept;
    if (!value_cut_) value_ += line;
    return;
  }
  std::size_t name_length = 0;
  while (name_length < line.size() && is_name_character(line[name_length])) ++name_length;
  // RFC 5322 §4.5.8: blanks before the colon are obsolete syntax and understood.
  std::size_t colon = line.find_first_not_of(" \t", name_length);
  if (name_length > 0 && colon != std::string::npos && line[colon] == ':') {
    begin_field(std::string_view(line).substr(0, name_length), std::string_view(line).substr(colon + 1));
    return;
  }
  // RFC 5322 §2.1: an empty line ends the header. So does a line that can be no field: what comes behind it must not
  // be able to lower anything, as a TLS-Required field would.
  from_line_ = fields_ == 0 && line.starts_with("From ");
  end_field();
  ended_ = true;
}

void HeaderReader::finish() {
  if (ended_) return;
  if (!line_empty_) end_line();
  end_field();
  ended_ = true;
}

}  // namespace postseal::message
