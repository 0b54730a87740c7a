// SPDX-License-Identifier: Apache-2.0
#include "edge/dkim_keys/key_directory.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "edge/store/atomic_file.h"

namespace postseal::dkim_keys {

namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr std::string_view kBook = "keys.json", kSecret = "srs-secret";

}  // namespace

std::string KeyDirectory::folder(const Domain& domain) const { return path_ + "/" + domain.ascii(); }

std::expected<std::vector<Domain>, std::string> KeyDirectory::domains() const {
  std::vector<Domain> domains;
  std::error_code error;
  std::filesystem::directory_iterator entries(path_, error);
  if (error == std::errc::no_such_file_or_directory) return domains;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    auto domain = Domain::parse(entries->path().filename().string());
    // What cannot be looked at is there: who loads it says why it cannot be read.
    std::error_code hidden;
    const bool there = std::filesystem::exists(entries->path() / kBook, hidden) || hidden;
    if (domain && there) domains.push_back(std::move(*domain));
  }
  if (error) return std::unexpected(fmt::format("{}: {}", path_, error.message()));
  std::ranges::sort(domains);
  return domains;
}

std::expected<KeyBook, std::string> KeyDirectory::load(const Domain& domain) const {
  const std::string file = fmt::format("{}/{}", folder(domain), kBook);
  auto text = store::read_file(file, kMostBytes);
  if (!text) return std::unexpected(fmt::format("{}: {}", file, text.error()));
  if (!*text) return KeyBook{domain, {}};
  auto book = parse_book(**text);
  if (!book) return std::unexpected(fmt::format("{}: {}", file, book.error()));
  if (book->domain != domain) return std::unexpected(fmt::format("{}: it is for {}", file, book->domain.ascii()));
  return book;
}

std::expected<void, std::string> KeyDirectory::save(const KeyBook& book) const {
  const std::string directory = folder(book.domain);
  if (auto made = store::make_directory(directory); !made)
    return std::unexpected(fmt::format("{}: {}", directory, made.error()));
  auto written = store::replace_file(directory, std::string(kBook), format_book(book));
  if (!written) return std::unexpected(fmt::format("{}/{}: {}", directory, kBook, written.error()));
  return {};
}

std::expected<dkim::SigningKey, std::string> KeyDirectory::add(KeyBook& book, dkim::KeyType type, std::string selector,
                                                               WallTime now) const {
  if (selector.empty()) selector = new_selector(book, type, now);
  if (!is_selector(selector)) return std::unexpected(fmt::format("\"{}\" is no selector", selector));
  if (std::ranges::find(book.keys, selector, &KeyEntry::selector) != book.keys.end())
    return std::unexpected(fmt::format("{} has a key {} already", book.domain.ascii(), selector));
  auto key = dkim::SigningKey::generate(type);
  if (!key) return key;
  const std::string directory = folder(book.domain);
  if (auto made = store::make_directory(directory); !made)
    return std::unexpected(fmt::format("{}: {}", directory, made.error()));
  if (auto written = store::replace_file(directory, selector + ".pem", key->pem()); !written)
    return std::unexpected(fmt::format("{}/{}.pem: {}", directory, selector, written.error()));
  book.keys.push_back({std::move(selector), type, Stage::Published, now, {}, {}, {}});
  return key;
}

std::expected<dkim::SigningKey, std::string> KeyDirectory::read_key(const Domain& domain,
                                                                    const std::string& selector) const {
  const std::string file = fmt::format("{}/{}.pem", folder(domain), selector);
  auto text = store::read_file(file, kMostBytes);
  if (!text) return std::unexpected(fmt::format("{}: {}", file, text.error()));
  if (!*text) return std::unexpected(fmt::format("{}: there is no such file", file));
  auto key = dkim::SigningKey::load(**text);
  if (!key) return std::unexpected(fmt::format("{}: {}", file, key.error()));
  return key;
}

std::expected<void, std::string> KeyDirectory::remove_key(const Domain& domain, const std::string& selector) const {
  const std::string file = fmt::format("{}/{}.pem", folder(domain), selector);
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) return std::unexpected(fmt::format("{}: {}", file, error.message()));
  return {};
}

std::expected<std::optional<std::string>, std::string> KeyDirectory::existing_srs_secret() const {
  const std::string file = fmt::format("{}/{}", path_, kSecret);
  auto text = store::read_file(file, kMostBytes);
  if (!text) return std::unexpected(fmt::format("{}: {}", file, text.error()));
  if (!*text || (*text)->empty()) return std::nullopt;
  return std::move(*text);
}

KeyDirectory::Times KeyDirectory::times() const {
  Times times;
  const auto note = [&](std::string name, const std::filesystem::path& file) {
    std::error_code absent;
    const auto time = std::filesystem::last_write_time(file, absent);
    if (!absent) times.emplace(std::move(name), time);
  };
  std::error_code none;
  for (std::filesystem::directory_iterator entry(path_, none), end; !none && entry != end; entry.increment(none))
    note(entry->path().filename().string(), entry->path() / kBook);
  note(std::string(kSecret), std::filesystem::path(path_) / kSecret);
  return times;
}

std::expected<std::string, std::string> KeyDirectory::srs_secret() const {
  const std::string file = fmt::format("{}/{}", path_, kSecret);
  auto existing = existing_srs_secret();
  if (!existing) return std::unexpected(existing.error());
  if (*existing) return std::move(**existing);
  std::array<unsigned char, 32> octets{};
  if (::RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
    return std::unexpected("there is no randomness to be had");
  std::string secret;
  for (const auto octet : octets) secret += fmt::format("{:02x}", octet);
  if (auto made = store::make_directory(path_); !made)
    return std::unexpected(fmt::format("{}: {}", path_, made.error()));
  if (auto written = store::replace_file(path_, std::string(kSecret), secret); !written)
    return std::unexpected(fmt::format("{}: {}", file, written.error()));
  return secret;
}

}  // namespace postseal::dkim_keys
