// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "protocol/authres/header.h"
#include "protocol/smtp/printable.h"
#include "vocab/ascii.h"
#include "vocab/atext.h"
#include "vocab/domain.h"
#include "vocab/octet_set.h"

namespace postseal::authres {
namespace {

constexpr std::string_view kName = "Authentication-Results: ";
/// RFC 5322 §2.1.1: SHOULD and MUST.
constexpr std::size_t kColumns = 78;
/// A value that no line could hold is cut: with its quoting and its name it stays under 998.
constexpr std::size_t kMaxValue = 450;

/// RFC 5321 §4.1.2 Let-dig, Ldh-str.
constexpr OctetSet kLetterDigitHyphen([](char c) { return is_letter_digit(c) || c == '-'; });
/// RFC 2045 §5.1 token.
constexpr OctetSet kToken([](char c) {
  return is_letter_digit(c) || (c > ' ' && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?=").contains(c));
});

/// RFC 8601 §2.2 Keyword (RFC 5321 §4.1.2 Ldh-str): what is none becomes one.
void add_keyword(std::string& out, std::string_view text) {
  text = text.substr(0, 64);
  if (text.empty() || !is_letter_digit(text.front())) out += 'x';
  if (kLetterDigitHyphen.contains_all(text)) {
    out += text;
  } else {
    for (const char c : text) out += is_letter_digit(c) ? c : '-';
  }
  if (!is_letter_digit(out.back())) out += 'x';
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// A21: no line end, control, broken UTF-8 or encoded word leaves this room, and no octet above 127 unless it may. The
/// buffer is for a text that has to be changed.
std::string_view clean(std::string_view text, Charset charset, std::string& buffer) {
  if (text.size() > kMaxValue) {
    text = text.substr(0, kMaxValue);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  if (smtp::is_plain(text) && !text.contains("=?")) return text;
  buffer = smtp::printable(text);
  if (charset == Charset::Ascii) {
    std::ranges::replace_if(buffer, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  // RFC 2047 §5 MUST NOT: no encoded word stands in quotes or in a token. Who decodes it there all the same would find
  // what ends the value.
  for (std::size_t at = buffer.find("=?"); at != std::string::npos; at = buffer.find("=?", at)) buffer[at + 1] = '_';
  return buffer;
}

bool is_token(std::string_view text) { return !text.empty() && kToken.contains_all(text); }

void add_escaped(std::string& out, std::string_view text, std::string_view specials) {
  for (const char c : text) {
    if (specials.contains(c)) out += '\\';
    out += c;
  }
}

/// RFC 8601 §2.2 value: a token, otherwise quoted.
void add_token_or_quoted(std::string& out, std::string_view text) {
  if (is_token(text)) {
    out += text;
    return;
  }
  out += '"';
  add_escaped(out, text, "\"\\");
  out += '"';
}

void add_value(std::string& out, std::string_view text, Charset charset) {
  std::string buffer;
  add_token_or_quoted(out, clean(text, charset, buffer));
}

/// RFC 8601 §2.2 pvalue: [[local-part] "@"] domain-name needs no quotes, everything else is a value.
bool needs_no_quotes(std::string_view text) {
  // It stands behind an equals sign: together they would begin an encoded word.
  if (text.starts_with('?')) return false;
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos)
    return !is_ascii(text) && text.contains('.') && is_dot_atom(text) && Domain::parse(text);
  // A quoted local part is quoted as a whole: then there is one way to read it, not two.
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  return (local.empty() || is_dot_atom(local)) && is_dot_atom(domain) && Domain::parse(domain);
}

void add_pvalue(std::string& out, std::string_view text, Charset charset) {
  // Most are.
  if (text.size() <= kMaxValue && is_token(text)) {
    out += text;
    return;
  }
  std::string buffer;
  const std::string_view shown = clean(text, charset, buffer);
  needs_no_quotes(shown) ? void(out += shown) : add_token_or_quoted(out, shown);
}

/// Words put on lines: a new line begins where the next word would pass the last column.
class Lines {
 public:
  explicit Lines(std::size_t used) : used_(used) { text_.reserve(1024); }

  void begin(std::string_view word) {
    text_ += word;
    used_ += word.size();
  }
  void add_line(std::string_view word) {
    text_ += "\r\n  ";
    used_ = 2;
    begin(word);
  }
  void add(std::string_view word) {
    if (used_ + 1 + word.size() > kColumns) {
      text_ += "\r\n    ";
      used_ = 4;
    } else {
      text_ += ' ';
      ++used_;
    }
    begin(word);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t used_;
};

/// RFC 8601 §2.2 resinfo. A line end may come between its words.
void add_result(Lines& lines, const MethodResult& result, Charset charset, bool last) {
  std::string word, buffer;
  word.reserve(kColumns);
  bool first = true;
  const auto next = [&] {
    first ? lines.add_line(word) : lines.add(word);
    first = false;
    word.clear();
  };
  add_keyword(word, result.method);
  word += '=';
  add_keyword(word, result.result);
  if (!result.comment.empty()) {
    next();
    word += '(';
    add_escaped(word, clean(result.comment, charset, buffer), "()\\");
    word += ')';
  }
  // RFC 8601 §2.2: the reason stands in front of the properties.
  if (!result.reason.empty()) {
    next();
    word += "reason=";
    add_value(word, result.reason, charset);
  }
  for (const Property& property : result.properties) {
    next();
    add_keyword(word, property.ptype);
    word += '.';
    add_keyword(word, property.property);
    word += '=';
    add_pvalue(word, property.value, charset);
  }
  if (!last) word += ';';
  next();
}

std::string payload(std::string_view authserv_id, const std::vector<MethodResult>& results, Charset charset,
                    std::size_t used) {
  Lines lines(used);
  std::string name;
  add_value(name, authserv_id, charset);
  lines.begin(name += ';');
  // RFC 8601 §2.2 no-result: a field without any would say nothing at all.
  if (results.empty()) lines.add("none");
  for (const MethodResult& result : results) add_result(lines, result, charset, &result == &results.back());
  return lines.take();
}

}  // namespace

std::string format(std::string_view authserv_id, const std::vector<MethodResult>& results, Charset charset) {
  return std::string(kName) + payload(authserv_id, results, charset, kName.size()) + "\r\n";
}

std::string format_payload(std::string_view authserv_id, const std::vector<MethodResult>& results, Charset charset) {
  return payload(authserv_id, results, charset, kName.size());
}

std::string join_statements(std::string_view authserv_id, const std::vector<std::string>& statements) {
  std::string text;
  add_value(text, authserv_id, Charset::Utf8);
  text += ';';
  if (statements.empty()) return text + " none";
  for (std::size_t i = 0; i < statements.size(); ++i) {
    Lines lines(0);
    bool first = true;
    // RFC 5322 §2.2.3: a line may end at any blank, inside quotes and comments as well.
    for (std::string_view rest = statements[i]; !rest.empty();) {
      const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      if (end > 0) first ? lines.add_line(rest.substr(0, end)) : lines.add(rest.substr(0, end));
      first = false;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    text += lines.take() + (i + 1 < statements.size() ? ";" : "");
  }
  return text;
}

}  // namespace postseal::authres
