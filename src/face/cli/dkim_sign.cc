// SPDX-License-Identifier: Apache-2.0
// postseal dkim sign: a message with a signature in front, as the server would sign it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "face/cli/cli.h"
#include "face/cli/dkim.h"
#include "face/cli/message_file.h"
#include "face/cli/run.h"
#include "face/cli/signing_input.h"
#include "protocol/dkim/sign.h"

namespace postseal::cli {

namespace {

struct SignOptions {
  std::string domain, selector, key, algorithm, canonicalization = "relaxed/relaxed", headers, time, expiry, identity,
                                                file;
};

std::unexpected<InputError> stop(int exit_code, std::string what) {
  return std::unexpected(InputError{exit_code, std::move(what)});
}

std::expected<dkim::SigningKey, InputError> load_key(const SignOptions& options) {
  auto key = load_signing_key(options.key);
  if (!key) return key;
  if (!options.algorithm.empty()) {
    const auto algorithm = dkim::parse_algorithm(options.algorithm);
    if (!algorithm) return stop(kUsage, "--algorithm is rsa-sha256 or ed25519-sha256, and rsa-sha1 never (RFC 8301)");
    if (dkim::key_type(*algorithm) != key->type()) {
      return stop(kUsage, fmt::format("--algorithm {}: the key in {} is {}", options.algorithm, options.key,
                                      to_string(key->type())));
    }
  }
  return key;
}

std::expected<dkim::SignSettings, InputError> settings_from(const SignOptions& options) {
  dkim::SignSettings settings;
  const auto domain = Domain::parse(options.domain);
  if (!domain) return stop(kUsage, "--domain: " + domain.error().context);
  settings.domain = *domain;
  // A selector is a label or several, and goes into the signature as it is.
  const auto selector = Domain::parse_dns(options.selector);
  if (!selector || selector->is_root()) return stop(kUsage, "--selector: is no name that DNS could have");
  settings.selector = selector->ascii();
  const auto pair = dkim::parse_canonicalization_pair(options.canonicalization);
  if (!pair) return stop(kUsage, "--canonicalization is two of simple and relaxed, such as relaxed/simple");
  settings.canonicalization = *pair;
  if (!options.headers.empty()) settings.headers = split_field_names(options.headers);
  const auto time = read_time_option("--time", options.time);
  if (!time) return std::unexpected(time.error());
  settings.time = time->value_or(SystemClock().now());
  const auto expiry = read_time_option("--expiry", options.expiry);
  if (!expiry) return std::unexpected(expiry.error());
  settings.expiry = *expiry;
  settings.identity = options.identity;
  auto key = load_key(options);
  if (!key) return std::unexpected(key.error());
  settings.key = std::make_shared<const dkim::SigningKey>(*std::move(key));
  return settings;
}

int exit_code_of(dkim::SignErrorCode code) {
  switch (code) {
    case dkim::SignErrorCode::NoFrom:
    case dkim::SignErrorCode::SeveralFrom:
    case dkim::SignErrorCode::BeginsFolded:
    case dkim::SignErrorCode::HeaderTooLarge:
      return kDataError;
    case dkim::SignErrorCode::FromNotSigned:
    case dkim::SignErrorCode::BadSetting:
      return kUsage;
    case dkim::SignErrorCode::KeyFailed:
      return kSoftware;
  }
  return kSoftware;
}

int run_sign(const SignOptions& options) {
  const auto settings = settings_from(options);
  if (!settings) return fail(settings.error().exit_code, settings.error().what);
  const auto file = MessageFile::open(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  dkim::Signer signer({*settings});
  if (const auto read = file->read([&](std::string_view piece) { signer.feed(piece); }); !read) {
    return fail(read.error().exit_code, read.error().what);
  }
  auto field = signer.finish();
  if (!field) return fail(exit_code_of(field.error().code), field.error().what);
  // A file with Unix line ends stays one.
  if (file->line_end() == "\n") std::erase(*field, '\r');
  std::fwrite(field->data(), 1, field->size(), stdout);
  const auto written =
      file->read_printed([](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stdout); });
  if (!written) return fail(written.error().exit_code, written.error().what);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return fail(kIoError, "the message could not be written");
  return kOk;
}

}  // namespace

void add_dkim_sign(CLI::App& dkim, int& exit_code) {
  CLI::App* command = dkim.add_subcommand("sign", "Print a message with a DKIM signature in front");
  auto options = std::make_shared<SignOptions>();
  command->add_option("--domain", options->domain, "Who signs (d=)")->required()->type_name("DOMAIN");
  command->add_option("--selector", options->selector, "Which of its keys (s=)")->required()->type_name("SELECTOR");
  command->add_option("--key", options->key, "The private key, PEM; RSA or Ed25519")->required()->type_name("FILE");
  command
      ->add_option("--algorithm", options->algorithm,
                   "rsa-sha256 or ed25519-sha256; follows from the key, and is refused if it does not fit")
      ->type_name("NAME");
  command
      ->add_option("--canonicalization", options->canonicalization,
                   "How much the header and the body may change on their way: simple or relaxed, each")
      ->type_name("HEADER/BODY")
      ->capture_default_str();
  command
      ->add_option("--headers", options->headers,
                   "The fields to sign (h=), with colons between; a name once more than the message has it keeps "
                   "others from adding it. Without: what the server signs")
      ->type_name("LIST");
  command->add_option("--time", options->time, "Signed at (t=), like 2026-01-31T12:00:00Z or seconds since 1970; now")
      ->type_name("TIME");
  command->add_option("--expiry", options->expiry, "Good until (x=); without: for ever")->type_name("TIME");
  command->add_option("--identity", options->identity, "On behalf of (i=), an address in the domain or below it")
      ->type_name("ADDRESS");
  command->add_option("FILE", options->file, "The message; - for standard input")->required();
  command->footer(
      "Example: postseal dkim sign --domain example.org --selector s1 --key s1.pem letter.eml > signed.eml\n"
      "Exit codes: 0 signed, 64 wrong usage, 65 broken key or a message that cannot be signed, 66 unreadable file.");
  command->callback([options, &exit_code] { exit_code = run_sign(*options); });
}

}  // namespace postseal::cli
