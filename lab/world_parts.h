#pragma once
// SPDX-License-Identifier: Apache-2.0
// Readers for the pieces of a world file that stand alone as [[zone]], [[host]], [[fault]], [[policy]] or inside a
// case.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/table_reader.h"
#include "lab/world.h"

namespace postseal::lab {

/// Where a piece stands: what its relative names hang under (a case's domain), and how messages call it.
struct Place {
  std::optional<Domain> origin;
  std::string of;  ///< "" or " of case D01"
  Trouble* trouble = nullptr;
};

/// "@" is the origin. A name is absolute when it ends in a dot, in ".test" or in the origin's own top-level label, when
/// it is an IP address, or when there is no origin; else it is relative to the origin.
std::optional<Domain> resolve_name(std::string_view text, const std::optional<Domain>& origin);

/// Reads the name under key, if there is one; a name that is none is an error.
void read_name(TableReader& reader, std::string_view key, const Place& place, std::optional<Domain>& out);

/// TLSA records of a host, with the hosts that they name made absolute.
void read_tlsa(TableReader& reader, std::string_view key, const Place& place, std::vector<std::string>& out);

/// In a case, a zone without a name is the domain's own.
ZoneSpec read_zone(const TomlNode& node, const Place& place);
FaultSpec read_fault(const TomlNode& node, const Place& place);
CertificateSpec read_certificate(const TomlNode& node, const Place& place);
MailServerSpec read_server(const TomlNode& node, const Place& place);

struct ReadHost {
  HostSpec host;
  std::optional<std::int64_t> preference;
  bool has_tlsa = false, has_certificate = false, has_server = false;
};
/// fallback: the host's name if it says none; nullopt: it must.
ReadHost read_host(const TomlNode& node, const Place& place, std::optional<Domain> fallback);

struct ReadPolicy {
  PolicySpec policy;
  int line = 0;
  bool has_mx = false, has_cached_mx = false;
};
ReadPolicy read_policy(const TomlNode& node, const Place& place);
Expectation read_expectation(const TomlNode& node, const Place& place);

}  // namespace postseal::lab
