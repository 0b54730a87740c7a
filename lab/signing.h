#pragma once
// SPDX-License-Identifier: Apache-2.0
// Signs zone files with ldns-signzone, several at a time, and breaks the signing of those that are to be broken.
#include <expected>
#include <filesystem>
#include <span>
#include <string>

#include "lab/zones.h"

namespace postseal::lab {

/// Writes directory/N.zone for the N-th zone, ready to be served. The error names the zone.
std::expected<void, std::string> sign_zones(std::span<const ZoneFile> zones, const std::filesystem::path& directory);

/// The file that sign_zones() wrote for the N-th zone.
std::filesystem::path zone_path(const std::filesystem::path& directory, std::size_t index);

/// What signing means to break, applied to the text of a signed zone, one record a line as ldns-signzone writes it.
std::string break_zone(std::string_view signed_text, const ZoneFile& zone);

}  // namespace postseal::lab
