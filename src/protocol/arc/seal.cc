// SPDX-License-Identifier: Apache-2.0
#include "protocol/arc/seal.h"

#include <algorithm>
#include <utility>

#include "protocol/arc/scope.h"
#include "protocol/dkim/sign.h"
#include "vocab/ascii.h"
#include "vocab/codec.h"

namespace postseal::arc {
namespace {

constexpr std::size_t kColumns = 78;
/// With a blank, not a tab: python3-dkim finds a message signature by the blank before its i=.
constexpr std::string_view kFold = "\r\n  ";
constexpr auto kRelaxed = dkim::Canonicalization::Relaxed;
using Tags = std::vector<std::pair<std::string_view, std::string>>;

std::unexpected<SealError> refuse(SealErrorCode code, std::string what) {
  return std::unexpected(SealError{code, std::move(what)});
}

ChainValidation cv_of(Result result) {
  switch (result) {
    case Result::None:
      return ChainValidation::None;
    case Result::Pass:
      return ChainValidation::Pass;
    case Result::Fail:
      return ChainValidation::Fail;
  }
  std::unreachable();
}

/// What is signed where nothing else is said.
std::vector<std::string> names_for(const dkim::MessagePass& pass) {
  std::vector<std::string> names;
  for (const auto& row : dkim::default_names()) {
    // RFC 6376 §8.15: nobody behind us adds what readers are shown, or what decides how the body is read; whoever has
    // a reason to adds a seal of his own.
    const std::size_t extra = row.oversigned ? 1 : 0;
    names.insert(names.end(), pass.index().count(row.name) + extra, std::string(row.name));
  }
  // RFC 8617 §4.1.2 SHOULD: every DKIM-Signature is covered, so that it is known to have been there.
  names.insert(names.end(), pass.index().count("dkim-signature"), "DKIM-Signature");
  return names;
}

std::expected<std::vector<std::string>, SealError> names_to_sign(const dkim::MessagePass& pass,
                                                                 const std::vector<std::string>& wanted) {
  std::vector<std::string> names = wanted.empty() ? names_for(pass) : wanted;
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(names, [&](const auto& each) { return equals_ignoring_case(each, name); });
  };
  const std::vector<std::string_view> views(names.begin(), names.end());
  if (std::string fault = dkim::find_fault(pass, views); !fault.empty())
    return refuse(SealErrorCode::BadSetting, std::move(fault));
  // RFC 6376 §5.4 MUST: From is signed.
  if (!has("from")) return refuse(SealErrorCode::BadSetting, "From must be among the fields to sign");
  // RFC 8617 §4.1.2 MUST NOT: ARC fields are sealed, not signed.
  // RFC 8617 §4.1.2 MUST NOT: whoever comes next removes results that he does not believe.
  for (const std::string_view name :
       {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "Authentication-Results"}) {
    if (has(name))
      return refuse(SealErrorCode::BadSetting, std::string(name) + " must not be among the fields to sign");
  }
  for (auto& name : names) name = to_lower(name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ":") + name;
  return text;
}

/// A field whose b= is still empty.
struct Unsigned {
  message::HeaderField field;
  std::size_t b = 0;  ///< where its value goes, in field.raw
};

/// Tags in the order given, one blank between them where no line ends: the form in which others sort and compare them.
Unsigned format_unsigned(std::string_view name, const Tags& tags) {
  std::string raw = std::string(name) + ":";
  std::size_t column = raw.size(), b = 0;
  for (const auto& [tag, value] : tags) {
    const std::string word = std::string(tag) + '=' + value + (tag == tags.back().first ? "" : ";");
    // b= gets a line of its own, which is long.
    const bool fold = column + 1 + word.size() > kColumns || tag == "b" || b == raw.size() - 1;
    raw += fold ? kFold : " ";
    column = fold ? 2 : column + 1;
    std::size_t from = 0;
    if (tag == "h") {
      // RFC 6376 §3.5: a list may be folded behind its colons.
      for (std::size_t colon = word.find(':'); colon != std::string::npos; colon = word.find(':', from)) {
        const auto part = std::string_view(word).substr(from, colon + 1 - from);
        if (column + part.size() > kColumns && column > 2) {
          raw += kFold;
          column = 2;
        }
        raw += part;
        column += part.size();
        from = colon + 1;
      }
      if (column + word.size() - from > kColumns && from > 0) {
        raw += kFold;
        column = 2;
      }
    }
    raw += std::string_view(word).substr(from);
    column += word.size() - from;
    if (tag == "b") b = raw.size() - 1;
  }
  return {message::HeaderField(raw + "\r\n"), b};
}

/// Signs the text and puts the value in: on one line, since a message signature stands under a seal, where every blank
/// that a fold leaves counts. RFC 5322 §2.1.1: with a key of 4096 bits it has 700 of the 998 octets.
std::expected<std::string, SealError> complete(const Unsigned& unfinished, std::string_view text,
                                               const dkim::SigningKey& key) {
  const auto signature = key.sign(dkim::sha256(text));
  if (!signature) return refuse(SealErrorCode::KeyFailed, signature.error());
  std::string raw(unfinished.field.raw);
  raw.insert(unfinished.b, to_base64({reinterpret_cast<const std::uint8_t*>(signature->data()), signature->size()}));
  return raw;
}

}  // namespace

std::expected<SealedSet, SealError> seal(const dkim::MessagePass& pass, const ChainVerdict& chain,
                                         std::string_view payload, const SealSettings& settings) {
  if (pass.header_state() != message::HeaderState::Complete) {
    return refuse(SealErrorCode::HeaderTooLarge, "the header is larger than what is sealed");
  }
  // RFC 8617 §5.1.2: a chain that was marked as failed has ended; nothing behind it could be believed.
  if (chain.newest_failed) return refuse(SealErrorCode::ChainEnded, chain.reason);
  // RFC 8617 §4.2.1 MUST: no instance above 50.
  if (chain.highest >= kMaxInstance) return refuse(SealErrorCode::TooManySets, "there are 50 ARC Sets already");
  if (chain.temporary) return refuse(SealErrorCode::Undecided, chain.reason);
  // RFC 8617 §5.2 step 4: the signature holds, and another receiver may see no harm in the field.
  if (chain.by_policy) return refuse(SealErrorCode::Doubtful, chain.reason);
  if (dkim::begins_folded(pass)) return refuse(SealErrorCode::BeginsFolded, "the message begins with a blank");
  const auto names = names_to_sign(pass, settings.headers);
  if (!names) return std::unexpected(names.error());
  const auto body = pass.body_hash(kRelaxed);
  if (!body) return refuse(SealErrorCode::BadSetting, "the body was not hashed as relaxed");

  SealedSet set;
  set.instance = chain.highest + 1;
  set.cv = cv_of(chain.result);
  const std::string instance = std::to_string(set.instance);
  const std::string algorithm(dkim::to_string(dkim::algorithm_of(settings.key->type())));
  const std::string time = std::to_string(settings.time.time_since_epoch().count());

  // RFC 8617 §5.1 steps 1 to 3: results, message signature, seal; the message is not changed any more after that.
  set.results = "ARC-Authentication-Results: i=" + instance + "; " + std::string(payload) + "\r\n";
  const Unsigned message = format_unsigned("ARC-Message-Signature", {{"a", algorithm},
                                                                     {"b", ""},
                                                                     {"bh", to_base64(*body)},
                                                                     {"c", "relaxed/relaxed"},
                                                                     {"d", settings.domain.ascii()},
                                                                     {"h", joined(*names)},
                                                                     {"i", instance},
                                                                     {"s", settings.selector},
                                                                     {"t", time}});
  const std::vector<std::string_view> views(names->begin(), names->end());
  auto signature =
      complete(message, dkim::signed_text(pass, views, kRelaxed, message.field, message.b, message.b), *settings.key);
  if (!signature) return std::unexpected(signature.error());
  set.message_signature = std::move(*signature);

  const Unsigned sealing = format_unsigned("ARC-Seal", {{"a", algorithm},
                                                        {"b", ""},
                                                        {"cv", std::string(to_string(set.cv))},
                                                        {"d", settings.domain.ascii()},
                                                        {"i", instance},
                                                        {"s", settings.selector},
                                                        {"t", time}});
  // RFC 8617 §5.1.2 MUST: over a chain that failed only our own set, since nobody can say what the others are.
  std::string text = set.cv == ChainValidation::Fail ? std::string() : whole_text(pass, collect(pass).sets);
  dkim::append_field(text, kRelaxed, message::HeaderField(set.results));
  dkim::append_field(text, kRelaxed, message::HeaderField(set.message_signature));
  dkim::append_signature_field(text, kRelaxed, sealing.field, sealing.b, sealing.b);
  auto sealed = complete(sealing, text, *settings.key);
  if (!sealed) return std::unexpected(sealed.error());
  set.seal = std::move(*sealed);
  return set;
}

}  // namespace postseal::arc
