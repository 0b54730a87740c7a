// SPDX-License-Identifier: Apache-2.0
// Which fields claim to be ours: those from outside are lies.
#include <algorithm>

#include "protocol/authres/header.h"
#include "protocol/authres/reader.h"
#include "vocab/ascii.h"
#include "vocab/domain.h"

namespace postseal::authres {
namespace {

bool is_results_field(const message::HeaderField& field) {
  return equals_ignoring_case(field.name(), "authentication-results");
}

/// RFC 8601 §2.5: an authserv-id is compared without regard to case; one written with U-labels is the one with
/// A-labels.
bool same_id(std::string_view a, std::string_view b) {
  if (equals_ignoring_case(a, b)) return true;
  const auto first = Domain::parse(a), second = Domain::parse(b);
  return first && second && *first == *second;
}

/// It looks like another that readers trim, or clean of what nobody sees.
bool may_pass_for_another(std::string_view id) {
  const auto is_odd = [](char c) { return c <= ' ' || static_cast<unsigned char>(c) >= 0x80; };
  return std::ranges::any_of(id, is_odd) && !Domain::parse(id);
}

}  // namespace

bool carries_authserv_id(const message::HeaderField& field, std::string_view authserv_id) {
  if (!is_results_field(field)) return false;
  // RFC 8601 §5 MUST: ours goes. One that cannot be read for sure goes as well: another reader could see us in it.
  const auto line = message::unfold(field.value());
  if (!line) return true;
  message::StructuredCursor cursor(*line);
  const auto start = read_start(cursor);
  return !start || same_id(start->authserv_id, authserv_id) || may_pass_for_another(start->authserv_id);
}

std::optional<std::vector<std::string>> statements(const message::HeaderField& field, std::string_view authserv_id) {
  if (!is_results_field(field)) return std::nullopt;
  const auto line = message::unfold(field.value());
  if (!line) return std::nullopt;
  auto reading = read_line(*line);
  if (!reading || !same_id(reading->header.authserv_id, authserv_id)) return std::nullopt;
  // RFC 8601 §2.2: without a version it is 1; what another means is not known here, nor whether it may stand in a field
  // that says 1.
  if (reading->header.version != "1") return std::nullopt;
  return std::move(reading->statements);
}

}  // namespace postseal::authres
