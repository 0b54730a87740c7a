// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/sign.h"

#include <algorithm>
#include <utility>

#include "vocab/codec.h"

namespace postseal::dkim {
namespace {

constexpr std::size_t kColumns = 76;
using Tags = std::vector<std::pair<std::string, std::string>>;

std::string base64(std::string_view octets) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
}

std::string base64(const Digest& digest) { return to_base64(digest); }

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

/// Views into the settings or into default_names().
std::vector<std::string_view> names_for(const MessagePass& pass, const SignSettings& settings) {
  if (!settings.headers.empty()) return {settings.headers.begin(), settings.headers.end()};
  std::vector<std::string_view> names;
  names.reserve(2 * default_names().size());
  for (const DefaultName& row : default_names()) {
    names.insert(names.end(), pass.index().count(row.name) + (row.oversigned ? 1 : 0), row.name);
  }
  return names;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  text.reserve(512);
  for (const std::string_view name : names) {
    if (!text.empty()) text += ':';
    text += name;
  }
  return text;
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

std::string format_signature_field(std::string_view name, const Tags& tags) {
  std::string text;
  text.reserve(1024);
  text += name;
  text += ':';
  std::size_t column = text.size();
  const auto put = [&](std::string_view word, bool blank_before) {
    if (column + 1 + word.size() > kColumns) {
      text += "\r\n\t";
      column = 8;
    } else if (blank_before) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  };
  for (const auto& [tag, value] : tags) {
    std::string_view rest = value;
    std::string word = tag;
    word += '=';
    bool first = true;
    // RFC 6376 §3.5: a list may be folded behind its colons.
    if (tag == "h") {
      for (std::size_t colon = rest.find(':'); colon != std::string_view::npos; colon = rest.find(':')) {
        word += rest.substr(0, colon + 1);
        put(word, first);
        first = false;
        word.clear();
        rest.remove_prefix(colon + 1);
      }
    }
    word += rest;
    word += ';';
    put(word, first);
  }
  put("b=", true);
  return text;
}

std::string folded_base64(std::string_view octets) {
  const std::string digits = base64(octets);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); at += 68) {
    text += "\r\n\t";
    text += std::string_view(digits).substr(at, 68);
  }
  return text;
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

  const std::vector<std::string_view> names = names_for(pass, settings);
  if (!std::all_of(names.begin(), names.end(), is_field_name)) {
    return refuse(SignErrorCode::BadSetting, "a name in the list of fields to sign is no field name");
  }
  if (std::none_of(names.begin(), names.end(),
                   [](std::string_view name) { return message::same_name(name, "from"); })) {
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
  Tags tags = {{"v", "1"},
               {"a", std::string(to_string(algorithm_of(settings.key->type())))},
               {"c", std::string(to_string(settings.canonicalization.header)) + "/" +
                         std::string(to_string(settings.canonicalization.body))},
               {"d", settings.domain.ascii()},
               {"s", settings.selector}};
  if (!settings.identity.empty()) tags.emplace_back("i", settings.identity);
  if (settings.time) tags.emplace_back("t", seconds(*settings.time));
  if (settings.expiry) tags.emplace_back("x", seconds(*settings.expiry));
  tags.emplace_back("h", joined(names));
  tags.emplace_back("bh", base64(*body_hash));

  const message::HeaderField field(format_signature_field("DKIM-Signature", tags));
  const std::string text =
      signed_text(pass, names, settings.canonicalization.header, field, field.raw.size(), field.raw.size());
  const auto signature = settings.key->sign(sha256(text));
  if (!signature) return refuse(SignErrorCode::KeyFailed, signature.error());
  return std::string(field.raw) + folded_base64(*signature) + "\r\n";
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
