#pragma once
// SPDX-License-Identifier: Apache-2.0
// The server's own keys: made, rotated, published. `postseal dkim keygen DOMAIN`, rotate and dns.
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "face/cli/options.h"

namespace CLI {
class App;
}

namespace postseal::cli {

/// RFC 1035 §3.3.14: a string of a TXT record has at most 255 octets; RFC 6376 §3.6.2.2 joins them.
std::string zone_line(const std::string& name, std::string_view record);

struct ServerKeyWish {
  CommonOptions common;
  std::string domain;
  std::string algorithm;  ///< empty: both
  std::string selector;   ///< empty: made of type and day
};
/// Makes keys in the server's directory; the exit code.
int make_server_keys(const ServerKeyWish& wish);

/// Of both types, for a domain that has none; the zone lines of their records. As the user whom the files are to belong
/// to. The error is one line.
std::expected<std::vector<std::string>, std::string> make_first_keys(const settings::Settings& settings,
                                                                     const Domain& domain);

void add_dkim_rotate(CLI::App& dkim, int& exit_code);
void add_dkim_dns(CLI::App& dkim, int& exit_code);

}  // namespace postseal::cli
