// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/spool.h"

#include <algorithm>

#include "edge/journal/ballast.h"
#include "edge/journal/log_spool.h"

namespace postseal::journal {

using spool::StoreError;
using spool::StoreErrorCode;

namespace {

constexpr std::uint64_t kLeastSegment = 64 * 1024, kMostSegment = std::uint64_t{2} * 1024 * 1024 * 1024;

std::unexpected<StoreError> failure(const DiskError& error) { return std::unexpected(to_store_error(error)); }

}  // namespace

std::expected<std::unique_ptr<Spool>, StoreError> open_spool(SpoolSettings settings) {
  settings.segment_size = std::clamp(settings.segment_size, kLeastSegment, kMostSegment);
  // A record must leave room for others in its segment.
  settings.small_letter =
      std::clamp<std::uint32_t>(settings.small_letter, 1024, static_cast<std::uint32_t>(settings.segment_size / 4));
  if (!settings.warn) settings.warn = [](const std::string&) {};

  if (auto made = make_directory(settings.directory); !made) return failure(made.error());
  auto lock = lock_directory(settings.directory);
  if (!lock) return failure(lock.error());
  SpoolParts parts;
  parts.lock = std::move(*lock);
  parts.disk = settings.disk;
  if (!parts.disk) {
    const std::string log = settings.directory + "/log";
    if (auto made = make_directory(log); !made) return failure(made.error());
    auto disk = open_directory(log);
    if (!disk) return failure(disk.error());
    parts.disk = std::move(*disk);
  }

  Ballast ballast(settings.directory + "/ballast", settings.segment_size / 8);
  for (const std::string name : {"/index", "/chronicle"}) {
    if (auto made = make_directory(settings.directory + name); !made) return failure(made.error());
  }
  for (bool lightened = false;; lightened = true) {
    parts.catalog = std::make_unique<Catalog>();
    auto recovered = recover({*parts.disk, *parts.catalog, settings.directory + "/index", settings.warn});
    if (recovered) {
      parts.recovered = std::move(*recovered);
      break;
    }
    if (recovered.error().code != StoreErrorCode::NoSpace || lightened) return std::unexpected(recovered.error());
    ballast.drop();
  }
  auto chronicle = Chronicle::open(settings.directory + "/chronicle");
  if (!chronicle && chronicle.error().code == StoreErrorCode::NoSpace) {
    ballast.drop();
    chronicle = Chronicle::open(settings.directory + "/chronicle");
  }
  if (!chronicle) return std::unexpected(chronicle.error());
  parts.chronicle = std::move(*chronicle);
  parts.settings = std::move(settings);
  return std::make_unique<LogSpool>(std::move(parts));
}

}  // namespace postseal::journal
