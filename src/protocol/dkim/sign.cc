// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/sign.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>

#include "protocol/dkim/added_field.h"
#include "vocab/ascii.h"
#include "vocab/codec.h"

namespace postseal::dkim {
namespace {

constexpr std::size_t kColumns = 76;

std::string base64(std::string_view octets) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
}

std::string seconds(WallTime at) { return std::to_string(at.time_since_epoch().count()); }

std::unexpected<SignError> refuse(SignErrorCode code, std::string what) {
  return std::unexpected(SignError{code, std::move(what)});
}

/// A name that can stand in h=.
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':' && c != ';'; });
}

bool is_identity(std::string_view text, const Domain& domain) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const auto name = Domain::parse(text.substr(at + 1));
  // RFC 6376 §2.11: what would need quoting is not offered.
  return name && name->is_within(domain) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 32 && c < 127 && c != ';' && c != '='; });
}

/// Views into default_names().
std::vector<std::string_view> names_in(const MessagePass& pass) {
  std::vector<std::string_view> names;
  names.reserve(2 * default_names().size());
  for (const DefaultName& row : default_names()) {
    for (std::size_t left = pass.index().count(row.name) + (row.oversigned ? 1 : 0); left > 0; --left) {
      names.push_back(row.name);
    }
  }
  return names;
}

/// Writes a field of tags, folded.
class TagWriter {
 public:
  explicit TagWriter(std::string_view name) {
    // More than most are, with their signature.
    text_.reserve(1536);
    text_ += name;
    text_ += ':';
    column_ = text_.size();
  }
  /// REQUIRES: the value is short enough for a line.
  void put(std::string_view name, std::string_view value) { put_word({name, "=", value, ";"}, true); }
  /// RFC 6376 §3.5: a list may be folded behind its colons.
  void put(std::string_view name, std::span<const std::string_view> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string_view end = i + 1 < values.size() ? ":" : ";";
      if (i == 0) put_word({name, "=", values[i], end}, true);
      if (i > 0) put_word({values[i], end}, false);
    }
  }
  /// What is signed ends here.
  std::string begin_signature() && {
    put_word({"b="}, true);
    return std::move(text_);
  }

 private:
  void put_word(std::initializer_list<std::string_view> parts, bool blank_before) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    if (column_ + 1 + size > kColumns) {
      text_ += "\r\n\t";
      column_ = 8;
    } else if (blank_before) {
      text_ += ' ';
      ++column_;
    }
    for (const std::string_view part : parts) text_ += part;
    column_ += size;
  }

  std::string text_;
  std::size_t column_ = 0;
};

/// Below 78 columns.
void append_folded(std::string& text, std::string_view digits) {
  for (; !digits.empty(); digits.remove_prefix(std::min<std::size_t>(68, digits.size()))) {
    text += "\r\n\t";
    text += digits.substr(0, 68);
  }
}

}  // namespace

const std::vector<DefaultName>& default_names() {
  // RFC 6376 §5.4.1, with what RFC 2369 and 2919 added, and MIME's, since they say how the signed body is to be read.
  // Oversigned: what readers are shown (§8.15), and what decides how the body is read.
  static const std::vector<DefaultName> names = {
      {"From", true},
      {"Sender", false},
      {"Reply-To", true},
      {"Subject", true},
      {"Date", true},
      {"Message-ID", true},
      {"To", true},
      {"Cc", true},
      {"In-Reply-To", false},
      {"References", false},
      {"MIME-Version", true},
      {"Content-Type", true},
      {"Content-Transfer-Encoding", true},
      {"Resent-Date", false},
      {"Resent-From", false},
      {"Resent-Sender", false},
      {"Resent-To", false},
      {"Resent-Cc", false},
      {"Resent-Message-ID", false},
      {"List-Id", false},
      {"List-Help", false},
      {"List-Unsubscribe", false},
      {"List-Unsubscribe-Post", false},
      {"List-Subscribe", false},
      {"List-Post", false},
      {"List-Owner", false},
      {"List-Archive", false},
  };
  return names;
}

bool begins_folded(const MessagePass& pass) {
  return !pass.fields().empty() && is_blank(pass.fields().front().raw.front());
}

std::string find_fault(const MessagePass& pass, std::span<const std::string_view> names) {
  if (!std::ranges::all_of(names, is_field_name)) return "a name in the list of fields to sign is no field name";
  // RFC 6376 §8.15: what a verifier takes for added is no good signature from the start.
  if (const auto twice = find_added_field(pass, names))
    return "the message has more " + std::string(*twice) + " fields than are to be signed";
  return {};
}

std::expected<std::string, SignError> sign(const MessagePass& pass, const SignSettings& settings) {
  if (pass.header_state() != message::HeaderState::Complete) {
    return refuse(SignErrorCode::HeaderTooLarge, "the header is larger than what is signed");
  }
  // RFC 6376 §5.4 MUST: From is signed. §5.3, §3.8: a message that has none, or several, is no message to sign: nobody
  // could say what the signature means.
  const std::size_t authors = pass.index().count("from");
  if (authors == 0) return refuse(SignErrorCode::NoFrom, "the message has no From field");
  if (authors > 1) return refuse(SignErrorCode::SeveralFrom, "the message has more than one From field");
  if (begins_folded(pass)) return refuse(SignErrorCode::BeginsFolded, "the message begins with a blank");

  std::vector<std::string_view> names(settings.headers.begin(), settings.headers.end());
  if (std::string fault = find_fault(pass, names); !fault.empty())
    return refuse(SignErrorCode::BadSetting, std::move(fault));
  if (names.empty()) names = names_in(pass);
  if (std::none_of(names.begin(), names.end(),
                   [](std::string_view name) { return equals_ignoring_case(name, "from"); })) {
    return refuse(SignErrorCode::FromNotSigned, "From must be among the fields to sign");
  }
  // RFC 6376 §3.5 MUST: x= is later than t=.
  if (settings.time && settings.expiry && *settings.expiry <= *settings.time) {
    return refuse(SignErrorCode::BadSetting, "the signature would expire before it is made");
  }
  // RFC 6376 §3.5 MUST: i= lies in d= or below it; and nothing in it may end the tag.
  if (!settings.identity.empty() && !is_identity(settings.identity, settings.domain)) {
    return refuse(SignErrorCode::BadSetting, "the identity is no address in the signing domain");
  }
  if (!settings.key) return refuse(SignErrorCode::BadSetting, "there is no key");
  const auto body_hash = pass.body_hash(settings.canonicalization.body);
  if (!body_hash) return refuse(SignErrorCode::BadSetting, "the body was not hashed in this way");

  // RFC 8616 §4: A-labels are right for every verifier. No l= is ever written: RFC 6376 §8.2 says what it invites.
  TagWriter tags("DKIM-Signature");
  tags.put("v", "1");
  tags.put("a", to_string(algorithm_of(settings.key->type())));
  tags.put("c", std::string(to_string(settings.canonicalization.header)) + "/" +
                    std::string(to_string(settings.canonicalization.body)));
  tags.put("d", settings.domain.ascii());
  tags.put("s", settings.selector);
  if (!settings.identity.empty()) tags.put("i", settings.identity);
  if (settings.time) tags.put("t", seconds(*settings.time));
  if (settings.expiry) tags.put("x", seconds(*settings.expiry));
  tags.put("h", names);
  tags.put("bh", to_base64(*body_hash));

  std::string text = std::move(tags).begin_signature();
  const auto field = message::HeaderField::within(text);
  const auto signature = settings.key->sign(
      sha256(signed_text(pass, names, settings.canonicalization.header, field, text.size(), text.size())));
  if (!signature) return refuse(SignErrorCode::KeyFailed, signature.error());
  append_folded(text, base64(*signature));
  text += "\r\n";
  return text;
}

Signer::Signer(std::vector<SignSettings> settings) : settings_(std::move(settings)) {
  for (const SignSettings& row : settings_) pass_.want(row.canonicalization.body);
}

std::expected<std::string, SignError> Signer::finish() {
  pass_.finish();
  std::string fields;
  for (const SignSettings& row : settings_) {
    auto field = sign(pass_, row);
    if (!field) return field;
    fields += *field;
  }
  return fields;
}

}  // namespace postseal::dkim
