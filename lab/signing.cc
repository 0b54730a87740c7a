// SPDX-License-Identifier: Apache-2.0
#include "lab/signing.h"

#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

#include "lab/child_process.h"
#include "lab/key_trap.h"

namespace postseal::lab {
namespace {

constexpr std::size_t kSignersAtOnce = 4;
constexpr long kDay = 86400;

/// OWNER TTL CLASS TYPE RDATA…, separated by tabs or blanks.
std::vector<std::string_view> first_words(std::string_view line, std::size_t count) {
  std::vector<std::string_view> words;
  while (words.size() < count) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    words.push_back(line.substr(0, line.find_first_of(" \t")));
    line.remove_prefix(words.back().size());
  }
  return words;
}

bool proves_absence(std::string_view type) { return type == "NSEC" || type == "NSEC3" || type == "NSEC3PARAM"; }

/// Another character of base64 in the middle of the signature, the last word of the line.
std::string with_broken_signature(std::string_view line) {
  std::string out(line);
  const auto end = out.find_last_not_of(" \t");
  char& character = out[end - 20];
  character = character == 'A' ? 'B' : 'A';
  return out;
}

std::set<std::pair<std::string, std::string>> forged_sets(const ZoneFile& zone) {
  std::set<std::pair<std::string, std::string>> out;
  for (const std::string& record : zone.forged) {
    const auto words = first_words(record, 2);
    out.emplace(words[0], words[1]);
  }
  return out;
}

std::expected<std::string, std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in) return std::unexpected(fmt::format("{} cannot be read", path.string()));
  return text;
}

std::expected<void, std::string> write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return std::unexpected(fmt::format("{} cannot be written", path.string()));
  return {};
}

long now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

Command signer(const ZoneFile& zone, const std::filesystem::path& stem) {
  long inception = now() - 3600, expiration = now() + 14 * kDay;
  // Far off: validators forgive a clock that is a day wrong.
  if (zone.signing == Signing::Expired) {
    inception = now() - 60 * kDay;
    expiration = now() - 30 * kDay;
  }
  if (zone.signing == Signing::NotYetValid) {
    inception = now() + 30 * kDay;
    expiration = now() + 60 * kDay;
  }
  Command command{{"ldns-signzone", "-o", zone.name.ascii() + ".", "-f", stem.string() + ".signed", "-i",
                   std::to_string(inception), "-e", std::to_string(expiration)},
                  stem.string() + ".log"};
  // RFC 9276 §3.1: no further iterations, no salt; unless the world asks for a zone that does otherwise.
  if (zone.nsec3) {
    command.arguments.insert(command.arguments.end(), {"-n", "-t", std::to_string(zone.nsec3_iterations)});
  }
  command.arguments.push_back(stem.string() + ".unsigned");
  command.arguments.push_back(stem.string());
  return command;
}

}  // namespace

std::filesystem::path zone_path(const std::filesystem::path& directory, std::size_t index) {
  return directory / fmt::format("{}.zone", index);
}

std::string break_zone(std::string_view signed_text, const ZoneFile& zone) {
  const auto forged = forged_sets(zone);
  std::string out;
  while (!signed_text.empty()) {
    const auto end = std::min(signed_text.find('\n'), signed_text.size() - 1);
    std::string_view line = signed_text.substr(0, end);
    if (signed_text[end] != '\n') line = signed_text;
    signed_text.remove_prefix(end + 1);
    const auto words = first_words(line, 5);
    if (words.size() < 5) continue;  // a comment or an empty line
    const std::string owner(words[0]), type(words[3]);
    const std::string_view covered = type == "RRSIG" ? words[4] : "";
    if (zone.signing == Signing::BrokenDenial && (proves_absence(type) || proves_absence(covered))) continue;
    if (forged.contains({owner, type})) continue;
    if (zone.signing == Signing::Bogus && type == "RRSIG" && covered != "DNSKEY") {
      out += with_broken_signature(line) + "\n";
      continue;
    }
    if (zone.signing == Signing::KeyTrap && type == "RRSIG" && covered != "DNSKEY") {
      for (const std::string& signature : trap_signatures(line)) out += signature + "\n";
      continue;
    }
    // A TLSA record without data (D12), or even shorter (A31), is written in a form that nobody reads back.
    const auto all = first_words(line, 8);
    if (type == "TLSA" && all.size() < 8) {
      out += fmt::format("{} {} IN TYPE52 \\# {} ", owner, words[1], all.size() - 4);
      for (std::size_t i = 4; i < all.size(); ++i) out += fmt::format("{:02x}", std::stoi(std::string(all[i])));
      out += "\n";
      continue;
    }
    out += std::string(line) + "\n";
  }
  if (zone.forged.empty()) return out;
  out += fmt::format("$ORIGIN {}.\n$TTL 300\n", zone.name.ascii());
  for (const std::string& record : zone.forged) out += record + "\n";
  return out;
}

std::expected<void, std::string> sign_zones(std::span<const ZoneFile> zones, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::vector<Command> commands;
  const auto stem = [&](std::size_t i) { return directory / std::to_string(i); };
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const ZoneFile& zone = zones[i];
    if (zone.signing == Signing::Unsigned) {
      if (auto written = write_file(zone_path(directory, i), zone.text); !written) return written;
      continue;
    }
    const std::string key = fmt::format("{}. IN DNSKEY {}\n", zone.name.ascii(), zone.key.dnskey());
    for (const auto& [suffix, text] :
         {std::pair(".unsigned", zone.text), std::pair(".key", key), std::pair(".private", zone.key.private_file())}) {
      if (auto written = write_file(stem(i).string() + suffix, text); !written) return written;
    }
    commands.push_back(signer(zone, stem(i)));
  }
  if (auto run = run_all(commands, kSignersAtOnce); !run) return run;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (zones[i].signing == Signing::Unsigned) continue;
    const auto text = read_file(stem(i).string() + ".signed");
    if (!text) return std::unexpected(fmt::format("zone {}.: {}", zones[i].name.ascii(), text.error()));
    if (auto written = write_file(zone_path(directory, i), break_zone(*text, zones[i])); !written) return written;
  }
  return {};
}

}  // namespace postseal::lab
