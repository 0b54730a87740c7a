// SPDX-License-Identifier: Apache-2.0
// How letters from outside are judged, and how ours are signed.
#include <fmt/format.h>

#include "edge/settings/value_types.h"

namespace postseal::settings {
namespace {

constexpr std::array kTreatments = std::to_array<std::pair<std::string_view, Treatment>>(
    {{"accept", Treatment::Accept}, {"quarantine", Treatment::Quarantine}, {"reject", Treatment::Reject}});
constexpr std::array kUses = std::to_array<std::pair<std::string_view, DmarcUse>>(
    {{"enforce", DmarcUse::Enforce}, {"report", DmarcUse::Report}});
constexpr std::array kUnknowns =
    std::to_array<std::pair<std::string_view, Unknown>>({{"accept", Unknown::Accept}, {"defer", Unknown::Defer}});
constexpr std::array kQuarantines = std::to_array<std::pair<std::string_view, QuarantineBy>>(
    {{"header", QuarantineBy::Header}, {"mailbox", QuarantineBy::Mailbox}});

Parsed<Domain> parse_domain(std::string_view text) {
  auto domain = Domain::parse(text);
  if (!domain) return refuse(domain.error().context);
  if (domain->is_root()) return refuse("it is no domain");
  return *domain;
}
std::string format_domain(const Domain& domain) { return domain.ascii(); }

Parsed<DmarcException> parse_exception(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return refuse(fmt::format("\"{}\" has no =", text));
  auto domain = parse_domain(text.substr(0, equals));
  if (!domain) return refuse(std::move(domain.error()));
  const auto found = std::ranges::find(kTreatments, text.substr(equals + 1), &decltype(kTreatments)::value_type::first);
  if (found == kTreatments.end()) return refuse(fmt::format("\"{}\" is none of the words", text.substr(equals + 1)));
  return DmarcException{*domain, found->second};
}
std::string format_exception(const DmarcException& exception) {
  const auto found = std::ranges::find(kTreatments, exception.treatment, &decltype(kTreatments)::value_type::second);
  return fmt::format("{}={}", exception.domain.ascii(), found->first);
}

constexpr std::array kRows = {
    row<Settings, Flag, &Settings::authentication, &AuthenticationSettings::enabled>(
        {"authentication.enabled", "", "true|false", "true",
         "Check SPF, DKIM, ARC and DMARC of letters from outside, say so in Authentication-Results, and act on it."}),
    row<Settings, Canonical<parse_hostname>, &Settings::authentication, &AuthenticationSettings::authserv_id>(
        {"authentication.authserv_id", "", "HOSTNAME", "",
         "The name that Authentication-Results begins with; fields with it that come from outside are removed. Empty: "
         "delivery.hostname. Servers of one organisation may share one."}),
    row<Settings, Word<kUses>, &Settings::authentication, &AuthenticationSettings::dmarc>(
        {"authentication.dmarc", "", "enforce|report", "enforce",
         "enforce does what the author's domain asks for; report takes every letter and only says what was found."}),
    row<Settings, ListOf<parse_exception, format_exception>, &Settings::authentication,
        &AuthenticationSettings::exceptions>({"authentication.exceptions", "",
                                              "list of DOMAIN=accept|quarantine|reject", "",
                                              "What becomes of letters that fail DMARC, by the author's domain or one "
                                              "above it, in place of its own policy."}),
    row<Settings, Word<kTreatments>, &Settings::authentication, &AuthenticationSettings::unclear_from>(
        {"authentication.unclear_from", "", "accept|quarantine|reject", "reject",
         "Letters without one clear author in From: none, several fields, or addresses of different domains."}),
    row<Settings, Word<kTreatments>, &Settings::authentication, &AuthenticationSettings::spf_fail>(
        {"authentication.spf_fail", "", "accept|quarantine|reject", "accept",
         "Letters whose SPF result is fail, where DMARC does not pass. reject loses mail that others forward."}),
    row<Settings, Word<kUnknowns>, &Settings::authentication, &AuthenticationSettings::temperror>(
        {"authentication.temperror", "", "accept|defer", "accept",
         "Letters that cannot be judged now, since DNS does not answer: accept takes them and says temperror, defer "
         "answers 451. Where the author's domain is known to ask for quarantine or reject, it is 451 in any case."}),
    row<Settings, Word<kQuarantines>, &Settings::authentication, &AuthenticationSettings::quarantine>(
        {"authentication.quarantine", "", "header|mailbox", "mailbox",
         "header adds Postseal-Quarantine for Sieve and mail clients; mailbox also delivers to .Junk of a Maildir."}),
    row<Settings, ListOf<parse_domain, format_domain>, &Settings::authentication,
        &AuthenticationSettings::trusted_sealers>(
        {"authentication.trusted_sealers", "", "list of DOMAIN", "",
         "Forwarders whose ARC seals are believed: DMARC that passed when they got the letter counts."}),
    row<Settings, Span<kSecond, 5 * kMinute>, &Settings::authentication, &AuthenticationSettings::timeout>(
        {"authentication.timeout", "", "DURATION (1s..5m)", "20s",
         "How long all checks of a letter may take after its last octet; what is not known then is a temperror."}),

    row<Settings, Flag, &Settings::signing, &SigningSettings::enabled>(
        {"signing.enabled", "", "true|false", "true",
         "Sign letters of our users, and notifications, with DKIM, for domains that have keys (`postseal dkim "
         "keygen`)."}),
    row<Settings, Canonical<parse_path>, &Settings::signing, &SigningSettings::directory>(
        {"signing.directory", "", "DIRECTORY", "", "Where the keys are, mode 0700. Empty: dkim in store.directory."}),
    row<Settings, Flag, &Settings::signing, &SigningSettings::seal>(
        {"signing.seal", "", "true|false", "true",
         "Seal letters from outside with ARC where an alias leads them on to another server."}),
    row<Settings, Flag, &Settings::signing, &SigningSettings::srs>(
        {"signing.srs", "", "true|false", "false",
         "Give such letters a reverse-path of ours (SRS), so that SPF passes; bounces find their way back through "
         "it."}),
    row<Settings, Span<0, 30 * kDay>, &Settings::signing, &SigningSettings::publish_first>(
        {"signing.publish_first", "", "DURATION (0s..30d)", "1h",
         "How long DNS must have shown a new key before it signs."}),
    row<Settings, Span<0, 365 * kDay>, &Settings::signing, &SigningSettings::keep_retired>(
        {"signing.keep_retired", "", "DURATION (0s..365d)", "7d",
         "How long the record of a key that signs no more stays in DNS, for letters on their way."}),
};

}  // namespace

std::span<const Row<Settings>> authentication_rows() { return kRows; }

std::string keys_directory(const Settings& settings) {
  return settings.signing.directory.empty() ? settings.store.directory + "/dkim" : settings.signing.directory;
}

}  // namespace postseal::settings
