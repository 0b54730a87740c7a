// SPDX-License-Identifier: Apache-2.0
// Names from people and from DNS: what parses must keep its limits and stand for itself.
// rooms: vocab
#include <cstdlib>

#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace {

using postseal::Domain;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_name(const Domain& name) {
  demand(name.ascii().size() <= 253);
  for (char c : name.ascii()) demand(c > 0x20 && c < 0x7f);
  auto again = Domain::parse_dns(name.is_root() ? "." : name.ascii());
  demand(again && *again == name);
  demand(name.is_within(Domain()) && name.is_within(name));
  std::size_t labels = 0;
  for (auto parent = name.parent(); parent; parent = parent->parent(), ++labels) demand(name.is_within(*parent));
  demand(labels == name.label_count());
  if (auto base = name.prefixed("_25._tcp")) demand(base->is_within(name) && !base->is_hostname());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto domain = Domain::parse(text)) {
    check_name(*domain);
    demand(domain->is_hostname() && !domain->is_root());
    demand(!postseal::IpAddress::parse(domain->ascii()));
    auto again = Domain::parse(domain->ascii());
    demand(again && *again == *domain);
    auto shown = Domain::parse(domain->unicode());
    demand(shown && *shown == *domain);
  } else {
    demand(!domain.error().context.empty());
  }
  if (auto name = Domain::parse_dns(text)) {
    check_name(*name);
    demand(!name->is_root() || name->unicode().empty());
  }
  if (auto address = postseal::IpAddress::parse(text)) {
    auto again = postseal::IpAddress::parse(address->to_string());
    demand(again && *again == *address);
    demand(!address->is_loopback() || address->is_special_purpose());
  }
  return 0;
}
