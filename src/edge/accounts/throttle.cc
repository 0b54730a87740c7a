// SPDX-License-Identifier: Apache-2.0
#include "edge/accounts/throttle.h"

#include <algorithm>
#include <cmath>

namespace postseal::accounts {

namespace {

/// So much of a name is told apart: names come from strangers.
constexpr std::size_t kLongestName = 320;

std::string key_of_user(std::string_view user) { return "u" + std::string(user.substr(0, kLongestName)); }

std::string octets(char kind, const IpAddress& address, std::size_t count) {
  std::string key(1, kind);
  for (const std::uint8_t octet : address.bytes().first(count)) key += static_cast<char>(octet);
  return key;
}

std::string key_of_address(const IpAddress& address) { return octets('a', address, address.bytes().size()); }
std::string key_of_network(const IpAddress& address) { return octets('n', address, address.is_v4() ? 3 : 7); }

std::string key_of_familiar(std::string_view user, const IpAddress& peer) {
  return "f" + std::string(user.substr(0, kLongestName)) + key_of_network(peer);
}

}  // namespace

std::size_t Throttle::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

double Throttle::failures(const std::string& key, WallTime now) const {
  const auto found = index_.find(key);
  if (found == index_.end()) return 0;
  const Entry& entry = *found->second;
  const double age = static_cast<double>(std::max(Seconds{0}, now - entry.at).count());
  return entry.failures * std::exp2(-age / static_cast<double>(kHalfLife.count()));
}

bool Throttle::blocked(const std::string& key, double free, WallTime now) const {
  const double over = failures(key, now) - free;
  if (over < 0) return false;
  const auto wait = std::min(std::exp2(over), static_cast<double>(kLongestWait.count()));
  return static_cast<double>((now - index_.find(key)->second->at).count()) < wait;
}

bool Throttle::is_familiar(const std::string& key, WallTime now) const {
  const auto found = index_.find(key);
  return found != index_.end() && found->second->familiar && now - found->second->at < kFamiliar;
}

bool Throttle::must_wait_locked(std::string_view user, const IpAddress& peer, WallTime now) const {
  if (blocked(key_of_address(peer), kFreeForAddress, now) || blocked(key_of_network(peer), kFreeForNetwork, now))
    return true;
  return !is_familiar(key_of_familiar(user, peer), now) && blocked(key_of_user(user), kFreeForUser, now);
}

Throttle::Entry& Throttle::touch(const std::string& key) {
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  if (entries_.size() >= most_) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key});
  index_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

void Throttle::drop(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const auto entry = found->second;
  index_.erase(found);
  entries_.erase(entry);
}

void Throttle::count(const std::string& key, WallTime now) {
  const double before = failures(key, now);
  Entry& entry = touch(key);
  entry.failures = before + 1;
  entry.at = now;
}

void Throttle::note_locked(std::string_view user, const IpAddress& peer, bool right, WallTime now) {
  if (!right) {
    // A familiar network keeps its own count with the address; only strangers' guesses weigh on the user.
    if (!is_familiar(key_of_familiar(user, peer), now)) count(key_of_user(user), now);
    count(key_of_address(peer), now);
    count(key_of_network(peer), now);
    return;
  }
  // One right password does not buy an address new guesses at others: its own count only decays.
  drop(key_of_user(user));
  Entry& entry = touch(key_of_familiar(user, peer));
  entry.familiar = true;
  entry.at = now;
}

bool Throttle::must_wait(std::string_view user, const IpAddress& peer) {
  const std::lock_guard lock(mutex_);
  return must_wait_locked(user, peer, clock_.now());
}

void Throttle::note(std::string_view user, const IpAddress& peer, bool right) {
  const std::lock_guard lock(mutex_);
  note_locked(user, peer, right, clock_.now());
}

bool Throttle::settle(std::string_view user, const IpAddress& peer, bool right) {
  const std::lock_guard lock(mutex_);
  const WallTime now = clock_.now();
  if (must_wait_locked(user, peer, now)) return false;
  note_locked(user, peer, right, now);
  return true;
}

}  // namespace postseal::accounts
