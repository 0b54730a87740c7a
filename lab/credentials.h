#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every certificate of a world, and the TLSA records that follow from them.
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lab/authority.h"
#include "lab/tlsa_text.h"
#include "lab/world.h"

namespace postseal::lab {

struct Credentials {
  std::map<Domain, Issued> hosts;     ///< by host name
  std::map<Domain, Issued> policies;  ///< by policy domain; the certificate is for mta-sts.DOMAIN
  Bytes foreign;                      ///< a certificate (DER) that nobody shows
};

std::expected<Credentials, std::string> issue_credentials(Authority& authority, const World& world);

/// What stands in a zone file behind "TYPE52": RFC 3597 form, so that data of any shape can be published.
/// own: the host that the record is of, if the spec does not say.
std::expected<std::vector<std::string>, std::string> tlsa_rdata(const TlsaSpec& spec, const std::optional<Domain>& own,
                                                                const Credentials& credentials);

}  // namespace postseal::lab
