// SPDX-License-Identifier: Apache-2.0
// docs/operator/settings.md, from the table.
#include <fmt/format.h>

#include "edge/settings/settings.h"

namespace postseal::settings {
namespace {

constexpr std::string_view kHead = R"(# Settings

<!-- Made from the tables in src/edge/settings/*_table*.cc; change those, not this page. -->

Settings are read from the file given with `--config`, else from `/etc/postseal/postseal.toml` if that exists. It is
[TOML](https://toml.io/); the part of a key before the dot is its section. An option on the command line counts more than
the file. An unknown key or a bad value is an error that names the file, the line, the key and what is allowed; nothing
is sent or served then. `postseal init` writes a file with every key in it, `postseal config check` reads one, `postseal
config show` prints what it means; see [the server](server.md).

A DURATION is a string such as `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`, or a whole number of seconds. HOST:PORT is
`127.0.0.1:53` or `[::1]:53`; without a port it is 53, and `127.0.0.1@5353` is understood, too. A SIZE is a string such as
`"50M"` (K, M, G: powers of 1024), or a whole number of octets. A list is an array of strings: `["10.0.0.0/8", "::1"]`.

```toml
ca_file = "/etc/ssl/certs/ca-certificates.crt"

[resolver]
mode = "forward:127.0.0.1:53"

[delivery]
timeout = "2m"

# A contract demands it: a certificate that a known authority has signed, whatever the partner publishes.
[[rule]]
match = "partner.example"
level = "secure"
expires = 2026-12-31
reason = "contract 4711, until the partner signs its zone"

# Mail for the other office goes to its own server, wherever its MX records point.
[[route]]
match = ".office.example"
next_hop = "[mail.office.example]:25"

# For `postseal serve`:
[server]
certificate = "/etc/postseal/tls/cert.pem"
key = "/etc/postseal/tls/key.pem"
relay_networks = ["10.20.0.0/16"]

[limits]
message_size = "100M"

[[domain]]
name = "example.org"
transport = "lmtp:/run/dovecot/lmtp"
users = ["sales"]

[[alias]]
match = "info@example.org"
to = ["sales@example.org", "archive@example.net"]
```
)";

struct Section {
  std::string_view prefix, heading, text;
};

constexpr Section kSections[] = {
    {"", "Outside any section", ""},
    {"resolver.", "[resolver]", "How DNS is asked, and what of it is believed."},
    {"delivery.", "[delivery]", "How mail servers are asked."},
    {"mta_sts.", "[mta_sts]", "How MTA-STS policies are fetched."},
    {"server.", "[server]", "Who we are to those who bring mail."},
    {"limits.", "[limits]", "What a client may spend."},
    {"queue.", "[queue]", "How long and how often delivery is tried."},
    {"store.", "[store]", "Where letters are kept."},
    {"admin.", "[admin]", "How the running server is asked and told."},
    {"log.", "[log]", "What it says meanwhile."},
    {"authentication.", "[authentication]", "Who wrote it: what is checked of letters from outside, and what follows."},
    {"signing.", "[signing]", "Who wrote it, said by us: signatures of our domains, seals of what we forward."},
    {"listener.", "[[listener]]",
     "Where connections are taken. Without any: relay on 25, submission on 587, submissions on 465, on all addresses."},
    {"domain.", "[[domain]]", "A domain whose mail ends here. Any number of them."},
    {"alias.", "[[alias]]",
     "Mail for an address, a user or a whole domain goes to others. Any number of them. Mail for postmaster is always "
     "accepted (RFC 5321 §4.5.1)."},
    {"rule.", "[[rule]]",
     "What you demand for a destination, in the words that Postfix users know. Any number of them."},
    {"route.", "[[route]]", "Where mail for a destination goes instead of to its MX hosts. Any number of them."},
};

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", escaped(text)); }

}  // namespace

std::string settings_markdown() {
  std::string page(kHead);
  for (const Section& section : kSections) {
    page += fmt::format("\n## {}\n\n", section.heading);
    if (!section.text.empty()) page += fmt::format("{}\n\n", section.text);
    page += "| Key | Option | Allowed | Default | What it does |\n|---|---|---|---|---|\n";
    for (const KeyInfo& info : table()) {
      bool here = section.prefix.empty() ? !info.key.contains('.') : info.key.starts_with(section.prefix);
      if (!here) continue;
      page += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.key.substr(section.prefix.size()), code(info.option),
                          code(info.value), code(info.initial), escaped(info.help));
    }
  }
  return page;
}

}  // namespace postseal::settings
