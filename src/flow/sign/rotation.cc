// SPDX-License-Identifier: Apache-2.0
#include "flow/sign/rotation.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dkim/key_record.h"

namespace postseal::sign {

using dkim_keys::InDns;
using dkim_keys::KeyBook;
using dkim_keys::KeyDirectory;
using dkim_keys::Periods;
using dkim_keys::Stage;

Awaitable<InDns> look_in_dns(dns::Resolver& resolver, Domain domain, std::string selector, std::string record,
                             Deadline deadline) {
  const auto ours = dkim::parse_key_record(record);
  const auto answer = co_await dkim::lookup_key(resolver, std::move(selector), std::move(domain), deadline);
  if (answer.problem == dkim::Result::TempError) co_return InDns::Unknown;
  const bool shown = ours && std::ranges::any_of(answer.records, [&](const std::string& text) {
                       const auto theirs = dkim::parse_key_record(text);
                       return theirs && theirs->type == ours->type && theirs->key == ours->key;
                     });
  co_return shown ? InDns::Shown : InDns::NotShown;
}

namespace {

std::vector<std::string> stages_of(const KeyBook& book) {
  std::vector<std::string> stages;
  for (const auto& entry : book.keys) stages.push_back(fmt::format("{} {}", entry.selector, to_string(entry.stage)));
  return stages;
}

/// What has outlived its letters: its record may leave DNS, its file is of no use.
void drop_old(const KeyDirectory& directory, const KeyBook& book, const std::vector<std::string>& gone,
              Rotation& rotation) {
  for (const auto& selector : gone) {
    const auto removed = directory.remove_key(book.domain, selector);
    rotation.lines.push_back(removed ? fmt::format("{}: the key {} is gone; take {}._domainkey.{} out of DNS",
                                                   book.domain.ascii(), selector, selector, book.domain.ascii())
                                     : removed.error());
  }
}

void keep(const KeyDirectory& directory, const KeyBook& before, KeyBook after, const Periods& periods, WallTime now,
          Rotation& rotation) {
  if (advance(after, periods, now)) {
    rotation.changed = true;
    for (const auto& line : stages_of(after))
      rotation.lines.push_back(fmt::format("{}: {}", after.domain.ascii(), line));
  }
  std::vector<std::string> gone;
  for (const auto& entry : after.keys) {
    if (may_go(entry, periods, now)) gone.push_back(entry.selector);
  }
  std::erase_if(after.keys, [&](const auto& entry) { return may_go(entry, periods, now); });
  if (after == before) return;
  if (const auto saved = directory.save(after); !saved) {
    rotation.changed = false;
    rotation.lines = {saved.error()};
    return;
  }
  drop_old(directory, after, gone, rotation);
}

}  // namespace

Awaitable<Rotation> look_after(const KeyDirectory& directory, dns::Resolver& resolver, Periods periods, WallTime now,
                               Deadline deadline) {
  Rotation rotation;
  const auto domains = directory.domains();
  if (!domains) {
    rotation.lines.push_back(domains.error());
    co_return rotation;
  }
  for (const Domain& domain : *domains) {
    const auto before = directory.load(domain);
    if (!before) {
      rotation.lines.push_back(before.error());
      continue;
    }
    KeyBook after = *before;
    for (auto& entry : after.keys) {
      if (entry.stage != Stage::Published) continue;
      const auto key = directory.read_key(domain, entry.selector);
      if (!key) {
        rotation.lines.push_back(key.error());
        continue;
      }
      note_sighting(entry, co_await look_in_dns(resolver, domain, entry.selector, key->record(), deadline), now);
    }
    // What was looked up took its time, and `postseal dkim` may have written meanwhile: then the next round has it.
    const auto still = directory.load(domain);
    if (still && *still == *before) keep(directory, *before, std::move(after), periods, now, rotation);
  }
  co_return rotation;
}

}  // namespace postseal::sign
