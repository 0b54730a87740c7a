// SPDX-License-Identifier: Apache-2.0
// postseal dkim keygen: new keys for the server, or one in a file, and the records that publish them.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "face/cli/cli.h"
#include "face/cli/dkim.h"
#include "face/cli/dkim_keys.h"
#include "face/cli/run.h"
#include "protocol/dkim/key.h"
#include "vocab/domain.h"

namespace postseal::cli {

namespace {

struct KeygenOptions {
  ServerKeyWish server;  ///< common options, algorithm and selector for both
  std::string file, domain;
  unsigned bits = 2048;
};

/// Never over another key: mail that is on its way is still checked with it.
int write_new_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(kCannotCreate, fmt::format("{}: cannot write the key: {}", path, std::strerror(errno)));
  }
  const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  if (::close(file) == 0 && whole) return kOk;
  const int code = fail(kIoError, fmt::format("{}: cannot write the key: {}", path, std::strerror(errno)));
  ::unlink(path.c_str());
  return code;
}

int make_file(const KeygenOptions& options) {
  const std::string& selector = options.server.selector;
  if (options.file.empty() || selector.empty()) return fail(kUsage, "a key in a file needs --key FILE and --selector");
  const auto algorithm =
      dkim::parse_algorithm(options.server.algorithm.empty() ? "rsa-sha256" : options.server.algorithm);
  if (!algorithm) return fail(kUsage, "--algorithm is rsa-sha256 or ed25519-sha256");
  const auto domain = Domain::parse(options.domain);
  if (!domain) return fail(kUsage, "--domain: " + domain.error().context);
  const auto name = domain->prefixed(selector + "._domainkey");
  if (!name) return fail(kUsage, "--selector: is no name that DNS could have");
  const auto key = dkim::SigningKey::generate(dkim::key_type(*algorithm), options.bits);
  if (!key) return fail(kUsage, key.error());
  if (const int code = write_new_file(options.file, key->pem()); code != kOk) return code;
  if (options.server.common.json) {
    boost::json::object object;
    object["file"] = options.file;
    object["name"] = name->ascii();
    object["record"] = key->record();
    fmt::print("{}\n", boost::json::serialize(object));
  } else {
    fmt::print("; publish this before anything is signed with {}\n{}\n", options.file,
               zone_line(name->ascii(), key->record()));
  }
  return kOk;
}

int run_keygen(const KeygenOptions& options) {
  if (options.server.domain.empty() && options.domain.empty()) return fail(kUsage, "DOMAIN: for whom are the keys?");
  if (options.domain.empty() && options.file.empty()) return make_server_keys(options.server);
  if (!options.server.domain.empty() && !options.domain.empty()) return fail(kUsage, "DOMAIN and --domain are one");
  KeygenOptions with_file = options;
  if (with_file.domain.empty()) with_file.domain = options.server.domain;
  return make_file(with_file);
}

}  // namespace

void add_dkim_keygen(CLI::App& dkim, int& exit_code) {
  CLI::App* command = dkim.add_subcommand(
      "keygen", "Make keys: for the server, which signs with them as soon as DNS shows their records, or in a file");
  auto options = std::make_shared<KeygenOptions>();
  command->add_option("DOMAIN", options->server.domain, "Who will sign (d=)");
  command->add_option("--selector", options->server.selector, "A name for the key (s=), never used before")
      ->type_name("SELECTOR");
  command
      ->add_option("--algorithm", options->server.algorithm,
                   "rsa-sha256 or ed25519-sha256; without: both for the server, rsa-sha256 for a file")
      ->type_name("NAME");
  command->add_option("--key", options->file, "Not for the server: the private key goes into this file (mode 0600)")
      ->type_name("FILE");
  command->add_option("--domain", options->domain, "The same as DOMAIN, with --key")->type_name("DOMAIN");
  command->add_option("--bits", options->bits, "Of an RSA key in a file: 2048 to 4096")->capture_default_str();
  add_common_options(*command, options->server.common);
  command->footer(
      "Examples: postseal dkim keygen example.org\n"
      "          postseal dkim keygen example.org --selector s1 --key s1.pem\n"
      "The server's keys are kept in signing.directory; rotate replaces them, dns prints their records again.\n"
      "Exit codes: 0 made, 64 wrong usage, 73 it is there already or cannot be written, 78 settings.");
  command->callback([options, &exit_code] { exit_code = run_keygen(*options); });
}

}  // namespace postseal::cli
