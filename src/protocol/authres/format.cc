// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "protocol/authres/header.h"
#include "protocol/message/structured.h"
#include "protocol/smtp/printable.h"
#include "vocab/domain.h"

namespace postseal::authres {
namespace {

constexpr std::string_view kName = "Authentication-Results: ";
/// RFC 5322 §2.1.1: SHOULD and MUST.
constexpr std::size_t kColumns = 78;
/// A value that no line could hold is cut: with its quoting and its name it stays under 998.
constexpr std::size_t kMaxValue = 450;

bool is_letter_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// RFC 8601 §2.2 Keyword (RFC 5321 §4.1.2 Ldh-str): what is none becomes one.
std::string keyword(std::string_view text) {
  std::string word(text.substr(0, 64));
  std::ranges::replace_if(word, [](char c) { return !is_letter_digit(c) && c != '-'; }, '-');
  if (word.empty() || !is_letter_digit(word.front())) word.insert(0, "x");
  if (!is_letter_digit(word.back())) word += 'x';
  return word;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// A21: no line end, control or broken UTF-8 leaves this room, and no octet above 127 unless it may.
std::string clean(std::string_view text, Charset charset) {
  if (text.size() > kMaxValue) {
    text = text.substr(0, kMaxValue);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  std::string shown = smtp::printable(text);
  if (charset == Charset::Ascii) {
    std::ranges::replace_if(shown, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  return shown;
}

/// RFC 2045 §5.1 token.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
  });
}

std::string escaped(std::string_view text, std::string_view specials) {
  std::string result;
  for (const char c : text) {
    if (specials.contains(c)) result += '\\';
    result += c;
  }
  return result;
}

std::string quoted(std::string_view text) { return '"' + escaped(text, "\"\\") + '"'; }

/// RFC 8601 §2.2 value: a token, otherwise quoted.
std::string value_text(std::string_view text, Charset charset) {
  std::string shown = clean(text, charset);
  return is_token(shown) ? shown : quoted(shown);
}

bool is_dot_atom(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return std::ranges::all_of(text, [](char c) { return c == '.' || message::is_atext(c); });
}

/// RFC 8601 §2.2 pvalue: [[local-part] "@"] domain-name needs no quotes, everything else is a value.
std::string pvalue_text(std::string_view text, Charset charset) {
  const std::string shown = clean(text, charset);
  const std::size_t at = shown.rfind('@');
  if (at != std::string::npos) {
    const std::string_view local(shown.data(), at);
    const std::string_view domain = std::string_view(shown).substr(at + 1);
    // A quoted local part is quoted as a whole below: then there is one way to read it, not two.
    if ((local.empty() || is_dot_atom(local)) && Domain::parse(domain) && is_dot_atom(domain)) return shown;
  } else if (!is_ascii(shown) && shown.contains('.') && is_dot_atom(shown) && Domain::parse(shown)) {
    return shown;
  }
  return is_token(shown) ? shown : quoted(shown);
}

/// Words put on lines: a new line begins where the next word would pass the last column.
class Lines {
 public:
  explicit Lines(std::size_t used) : used_(used) {}

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

/// RFC 8601 §2.2 resinfo, in words that a line end may come between.
std::vector<std::string> words_of(const MethodResult& result, Charset charset) {
  std::vector<std::string> words{keyword(result.method) + '=' + keyword(result.result)};
  if (!result.comment.empty()) words.push_back('(' + escaped(clean(result.comment, charset), "()\\") + ')');
  // RFC 8601 §2.2: the reason stands in front of the properties.
  if (!result.reason.empty()) words.push_back("reason=" + value_text(result.reason, charset));
  for (const Property& property : result.properties) {
    words.push_back(keyword(property.ptype) + '.' + keyword(property.property) + '=' +
                    pvalue_text(property.value, charset));
  }
  return words;
}

std::string payload(std::string_view authserv_id, const std::vector<MethodResult>& results, Charset charset,
                    std::size_t used) {
  Lines lines(used);
  lines.begin(value_text(authserv_id, charset) + ';');
  // RFC 8601 §2.2 no-result: a field without any would say nothing at all.
  if (results.empty()) lines.add("none");
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto words = words_of(results[i], charset);
    const bool last = i + 1 == results.size();
    for (std::size_t w = 0; w < words.size(); ++w) {
      const bool end = w + 1 == words.size() && !last;
      const std::string word = end ? words[w] + ';' : words[w];
      w == 0 ? lines.add_line(word) : lines.add(word);
    }
  }
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
  std::string text = value_text(authserv_id, Charset::Utf8) + ';';
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
