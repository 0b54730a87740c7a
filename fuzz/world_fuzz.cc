// SPDX-License-Identifier: Apache-2.0
// rooms: lab
// World files: whatever stands in one, reading it ends in a world or in an error that names the file; and the records
// of a world that was read are taken apart without a crash.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lab/name_fault.h"
#include "lab/world.h"
#include "lab/zone_line.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace postseal::lab;
  const auto world = parse_world({reinterpret_cast<const char*>(data), size}, "world.toml");
  if (!world) {
    if (world.error().file != "world.toml" || world.error().what.empty()) std::abort();
    return 0;
  }
  const Credentials none;
  for (const ZoneSpec& zone : world->zones) {
    for (const auto& record : zone.records) (void)read_zone_line(record, {zone.name, none, 25});
    for (const auto& record : zone.forged) (void)read_zone_line(record, {zone.name, none, 25});
  }
  for (const CaseSpec& spec : world->cases) {
    if (spec.name.empty() || spec.recipients.empty()) std::abort();
  }
  (void)NameFaults::create(world->faults, 25);
  return 0;
}
