// SPDX-License-Identifier: Apache-2.0
// postseal dkim: signatures checked and made, keys made and published (RFC 6376, 8301, 8463).
#include "face/cli/dkim.h"

#include <CLI/CLI.hpp>

#include "face/cli/cli.h"
#include "face/cli/dkim_keys.h"

namespace postseal::cli {

void add_dkim(CLI::App& app, int& exit_code) {
  CLI::App* dkim = app.add_subcommand("dkim", "DKIM by itself: check and sign messages, make keys (RFC 6376)");
  dkim->require_subcommand(1);
  add_dkim_verify(*dkim, exit_code);
  add_dkim_sign(*dkim, exit_code);
  add_dkim_keygen(*dkim, exit_code);
  add_dkim_rotate(*dkim, exit_code);
  add_dkim_dns(*dkim, exit_code);
}

}  // namespace postseal::cli
