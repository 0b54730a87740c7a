#pragma once
// SPDX-License-Identifier: Apache-2.0
// A letter's header on its way through: noted where transport needs to know, completed for our own users (RFC 6409 §8),
// rid of what claims to be ours, otherwise untouched. The body passes without a copy.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/message/header.h"

namespace postseal::inbound {

enum class Editing {
  Note,      ///< another server's letter: not an octet changes but for what remove() is told of
  Complete,  ///< a user's: Bcc goes, Date and Message-ID are added where they are missing, and so is the empty line
};

class HeaderEditor {
 public:
  /// date, message_id: what is put in, without angle brackets, for Complete.
  HeaderEditor(Editing editing, std::string date, std::string message_id)
      : editing_(editing), date_(std::move(date)), new_message_id_(std::move(message_id)) {}

  /// RFC 8601 §5: fields of results and quarantine for which this is true go.
  using Forged = std::function<bool(const message::HeaderField&)>;
  void remove(Forged forged) { forged_ = std::move(forged); }

  /// Appends what goes on in place of the piece.
  void feed(std::string_view piece, std::string& out);
  /// After the last piece: appends what is still held back.
  void finish(std::string& out);

  /// RFC 8689 §3 MUST: exactly one field, and its value is "No" in any case.
  bool tls_required_no() const { return tls_required_fields_ == 1 && tls_required_no_; }
  /// "Postseal-Only-If-Verified: yes": the sender wants it delivered to proved servers only.
  bool only_if_verified() const { return only_if_verified_; }
  /// Its first line goes on with the field above it, which would be one of ours. Never for Complete, which mends it.
  bool begins_folded() const { return folded_; }
  /// Printable UTF-8, whatever the letter says (A21).
  const std::string& message_id() const { return message_id_; }

 private:
  enum class Field : std::uint8_t { None, Other, Bcc, Date, MessageId, TlsRequired, OnlyIfVerified, Verdict };
  static Field field_of(std::string_view name);

  void begin_line(std::string_view line, std::string& out);
  void take(std::string_view bytes, std::string& out);
  void end_field(std::string& out);
  void end_header(std::string& out);
  bool known() const {
    return field_ == Field::MessageId || field_ == Field::TlsRequired || field_ == Field::OnlyIfVerified;
  }

  Editing editing_;
  Forged forged_;
  std::string date_, new_message_id_;
  bool ended_ = false;    ///< what follows is body
  bool in_line_ = false;  ///< the line has been sorted already
  bool folded_ = false;
  bool has_date_ = false, has_message_id_ = false;
  Field field_ = Field::None;
  std::string held_;     ///< the beginning of a line, until it is known which field it is
  std::string value_;    ///< of the fields that are looked at, bounded
  std::string verdict_;  ///< a field that may go, until it has ended; bounded
  int tls_required_fields_ = 0;
  bool tls_required_no_ = false, only_if_verified_ = false;
  std::string message_id_;
};

}  // namespace postseal::inbound
