// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/parts.h"

namespace postseal::daemon {

namespace {

/// When an account was last made, changed or removed: each is a file of its own, replaced whole.
std::filesystem::file_time_type accounts_time(const settings::Settings& settings) {
  std::error_code none;
  return std::filesystem::last_write_time(settings::accounts_directory(settings), none);
}

}  // namespace

observe::Level level_of(std::string_view word) {
  if (word == "debug") return observe::Level::Debug;
  if (word == "warning") return observe::Level::Warning;
  if (word == "error") return observe::Level::Error;
  return observe::Level::Info;
}

Parts::Parts(Start how)
    : start(std::move(how)),
      log(start.settings.log.format == "json" ? observe::LogFormat::Json : observe::LogFormat::Text,
          level_of(start.settings.log.level)) {}

Parts::~Parts() { end_threads(); }

void Parts::warn(std::string_view about, std::string_view line) {
  log.write(observe::Level::Warning, about, {{"what", line}});
}

std::expected<void, std::string> Parts::load_directory() {
  const auto as_of = accounts_time(settings());
  auto list = accounts->list();
  if (!list) return std::unexpected("the accounts: " + list.error());
  accounts_as_of = as_of;
  std::vector<std::string> complaints;
  directory.set(std::make_shared<const addressing::Directory>(build_directory(settings(), *list, complaints)));
  for (const auto& complaint : complaints) warn("addresses", complaint);
  return {};
}

bool Parts::accounts_changed() const { return accounts_time(start.settings) != accounts_as_of; }

void Parts::load_keys() {
  keys_as_of = key_directory->times();
  const auto current = keys.get();
  const sign::KeyRing before = current ? *current : sign::KeyRing();
  std::vector<std::string> complaints;
  sign::KeyRing ring;
  if (settings().signing.enabled || settings().signing.seal) ring = sign::load_ring(*key_directory, before, complaints);
  ring.rewriter = sign::load_rewriter(*key_directory, settings().signing.srs, before.rewriter, complaints);
  keys.set(std::make_shared<const sign::KeyRing>(std::move(ring)));
  for (const auto& complaint : complaints) warn("keys", complaint);
}

bool Parts::keys_changed() const { return key_directory->times() != keys_as_of; }

void Parts::end_threads() {
  for (auto& thread : threads) thread.context.stop();
  for (auto& thread : threads) {
    if (thread.thread.joinable()) thread.thread.join();
  }
  // Nobody asks any more.
  lookups.context.stop();
  if (lookups.thread.joinable()) lookups.thread.join();
  if (slow) slow->join();
  if (arithmetic) arithmetic->join();
}

}  // namespace postseal::daemon
