// SPDX-License-Identifier: Apache-2.0
// postseal dkim keygen: a new key in a file, and the record that publishes it.
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
#include "face/cli/run.h"
#include "protocol/dkim/key.h"
#include "vocab/domain.h"

namespace postseal::cli {

namespace {

struct KeygenOptions {
  std::string algorithm = "rsa-sha256", file, domain, selector;
  unsigned bits = 2048;
  bool json = false;
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

/// RFC 1035 §3.3.14: a string of a TXT record has at most 255 octets; RFC 6376 §3.6.2.2 joins them.
std::string zone_line(const std::string& name, std::string_view record) {
  std::string line = name + ". IN TXT (";
  for (; !record.empty(); record.remove_prefix(std::min<std::size_t>(250, record.size()))) {
    line += fmt::format(" \"{}\"", record.substr(0, 250));
  }
  return line + " )";
}

int run_keygen(const KeygenOptions& options) {
  const auto algorithm = dkim::parse_algorithm(options.algorithm);
  if (!algorithm) return fail(kUsage, "--algorithm is rsa-sha256 or ed25519-sha256");
  const auto domain = Domain::parse(options.domain);
  if (!domain) return fail(kUsage, "--domain: " + domain.error().context);
  const auto name = domain->prefixed(options.selector + "._domainkey");
  if (!name) return fail(kUsage, "--selector: is no name that DNS could have");
  const auto key = dkim::SigningKey::generate(dkim::key_type(*algorithm), options.bits);
  if (!key) return fail(kUsage, key.error());
  if (const int code = write_new_file(options.file, key->pem()); code != kOk) return code;
  if (options.json) {
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

}  // namespace

void add_dkim_keygen(CLI::App& dkim, int& exit_code) {
  CLI::App* command =
      dkim.add_subcommand("keygen", "Make a key: the private part into a file, the record for DNS printed");
  auto options = std::make_shared<KeygenOptions>();
  command->add_option("--domain", options->domain, "Who will sign (d=)")->required()->type_name("DOMAIN");
  command->add_option("--selector", options->selector, "A name for this key (s=), never used before")
      ->required()
      ->type_name("SELECTOR");
  command->add_option("--key", options->file, "Where the private key goes (mode 0600); must not exist")
      ->required()
      ->type_name("FILE");
  command->add_option("--algorithm", options->algorithm, "rsa-sha256 or ed25519-sha256")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--bits", options->bits, "Of an RSA key: 2048 to 4096")->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON for programs: file, name, record");
  command->footer(
      "Example: postseal dkim keygen --domain example.org --selector s1 --key s1.pem\n"
      "Exit codes: 0 made, 64 wrong usage, 73 the file is there already or cannot be written.");
  command->callback([options, &exit_code] { exit_code = run_keygen(*options); });
}

}  // namespace postseal::cli
