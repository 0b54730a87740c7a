#pragma once
// SPDX-License-Identifier: Apache-2.0
// Domain names as they stand in DNS messages (RFC 1035 §3.1, §4.1.4).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "vocab/codec.h"
#include "vocab/domain.h"

namespace postseal::dns {

/// The presentation of an uncompressed name that fills `wire` to its end. nullopt: not a name on the wire at all. Bytes
/// that have no plain presentation come out escaped, and Domain::parse_dns() refuses escapes.
std::optional<std::string> show_wire_name(std::span<const std::uint8_t> wire);

/// The same as a type; nullopt also for a name that cannot be printed.
std::optional<Domain> parse_wire_name(std::span<const std::uint8_t> wire);

Bytes format_wire_name(const Domain& name);

/// The name at `at` in a message, uncompressed and in lower case; `at` moves behind it. nullopt: runs out of the
/// message, is too long, or points anywhere but backwards.
std::optional<Bytes> expand_name(std::span<const std::uint8_t> message, std::size_t& at);

}  // namespace postseal::dns
