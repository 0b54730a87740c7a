// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/trust_anchor.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace postseal::resolver {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFile = 64 * 1024;
/// libunbound ends the whole process when it cannot write the RFC 5011 file, so room for it is checked beforehand.
constexpr std::uintmax_t kRoomNeeded = 1024 * 1024;

std::optional<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kMaxFile) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

bool write_file(const fs::path& path, const std::string& text) {
  const fs::path fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) return false;
  }
  std::error_code error;
  fs::rename(fresh, path, error);
  return !error;
}

bool is_anchor_type(std::string word) {
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word == "DS" || word == "DNSKEY";
}

}  // namespace

bool has_trust_anchor(std::string_view text) {
  std::string word;
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') comment = false;
    if (c == ';') comment = true;
    if (!comment && !std::isspace(static_cast<unsigned char>(c))) {
      word += c;
      continue;
    }
    if (is_anchor_type(word)) return true;
    word.clear();
  }
  return is_anchor_type(word);
}

std::expected<void, std::string> check_trust_anchor(const std::string& file) {
  const std::string remedy = "; use a file with the root's DS or DNSKEY records such as /usr/share/dns/root.key " +
                             std::string("(package dns-root-data), or \"none\" to validate nothing");
  if (file.empty()) return std::unexpected("no trust anchor file is given" + remedy);
  std::error_code error;
  if (!fs::exists(file, error)) return std::unexpected("trust anchor file " + file + " does not exist" + remedy);
  const auto text = read_file(file);
  if (!text) return std::unexpected("trust anchor file " + file + " cannot be read" + remedy);
  if (!has_trust_anchor(*text)) {
    return std::unexpected("trust anchor file " + file + " has no DS or DNSKEY record in it" + remedy);
  }
  return {};
}

std::expected<std::string, std::string> keep_trust_anchor(const std::string& file, const std::string& state_dir) {
  const auto cannot = [&](const std::string& why) {
    return std::unexpected("the trust anchor's state cannot be kept in " + state_dir + ": " + why +
                           "; make the directory writable for this user or name another state directory");
  };
  std::error_code error;
  fs::create_directories(state_dir, error);
  if (error) return cannot(error.message());
  const fs::path state = fs::absolute(fs::path(state_dir) / "root.key");
  const fs::path seed = fs::absolute(fs::path(state_dir) / "root.key.seed");

  const auto space = fs::space(state_dir, error);
  if (error) return cannot(error.message());
  if (space.available < kRoomNeeded) return cannot("the disk is full");

  const auto source = read_file(file);
  if (!source) return cannot("trust anchor file " + file + " cannot be read");
  const auto kept = read_file(state.string());
  const bool same_source = read_file(seed.string()) == source;
  if (same_source && kept && has_trust_anchor(*kept)) {
    // The file may be ours and the directory not: libunbound writes a new file beside it.
    const fs::path probe = state.string() + ".probe";
    if (!std::ofstream(probe)) return cannot("no file can be created there");
    fs::remove(probe, error);
    return state.string();
  }
  if (!write_file(state, *source) || !write_file(seed, *source)) return cannot("no file can be written there");
  return state.string();
}

}  // namespace postseal::resolver
