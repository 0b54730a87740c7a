#pragma once
// SPDX-License-Identifier: Apache-2.0
// The verbs of `postseal dkim`, each in its own file.
namespace CLI {
class App;
}

namespace postseal::cli {

void add_dkim_verify(CLI::App& dkim, int& exit_code);
void add_dkim_sign(CLI::App& dkim, int& exit_code);
void add_dkim_keygen(CLI::App& dkim, int& exit_code);

}  // namespace postseal::cli
