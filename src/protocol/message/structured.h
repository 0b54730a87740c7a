#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads a structured field value (RFC 5322 §2.2.2) word by word: white space, comments, quoted strings. RFC 6532 §3.2
// lets octets above 127 stand wherever a letter may. Nothing recurses, whatever the nesting (A24).
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postseal::message {

/// RFC 5322 §2.2.3: the value on one line, its last line end taken off. nullopt: a control character, a bare CR or LF,
/// or a line end that is no fold: different readers see different things in it (A21).
std::optional<std::string> unfold(std::string_view value);

class StructuredCursor {
 public:
  /// REQUIRES: the text came out of unfold() and outlives the cursor.
  explicit StructuredCursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  /// '\0' at the end: unfold() lets none through.
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  /// Whether the character was there; then it is taken.
  bool take(char c);
  std::string_view rest() const { return text_.substr(at_); }
  std::size_t position() const { return at_; }

  /// RFC 5322 §3.2.2 CFWS, which may be nothing. False: a comment that is not closed.
  bool skip_cfws();
  /// A comment was skipped since this was asked the last time.
  bool saw_comment();
  /// Of all comments so far: whoever takes quotes and brackets inside of one for what they are outside finds its end
  /// elsewhere; or one with an address in it ends earlier for those who know neither pairs nor nesting.
  bool saw_torn_comment() const { return saw_torn_comment_; }
  /// Of all comments so far: an address could be in one.
  bool saw_address_in_comment() const { return saw_address_in_comment_; }

  /// RFC 5322 §3.2.4: what stands between the quotes, its pairs undone. nullopt: none here, or not closed.
  std::optional<std::string> quoted_string();

  template <class Predicate>
  std::string_view take_while(Predicate belongs) {
    const std::size_t begin = at_;
    while (!at_end() && belongs(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

 private:
  bool skip_comment();

  std::string_view text_;
  std::size_t at_ = 0;
  bool saw_comment_ = false, saw_torn_comment_ = false, saw_address_in_comment_ = false;
};

}  // namespace postseal::message
