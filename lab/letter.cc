// SPDX-License-Identifier: Apache-2.0
#include "lab/letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace postseal::lab {

namespace {

constexpr std::string_view kLetter =
    "Message-ID: <{run}.{name}@sender.lab.test>\r\n"
    "Date: Sun, 01 Nov 2026 12:00:00 +0000\r\n"
    "From: Postseal lab <lab@sender.lab.test>\r\n"
    "To: {to}\r\n"
    "Subject: A letter from the lab, case {name}\r\n"
    "{demand}"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"=_postseal_lab\"\r\n"
    "\r\n"
    "--=_postseal_lab\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This letter may only reach a server that proved what the sender\r\n"
    "asked for. A line with a dot alone does not end it:\r\n"
    ".\r\n"
    "..\r\n"
    ".hidden\r\n"
    "--=_postseal_lab\r\n"
    "Content-Type: application/octet-stream; name=\"seal.bin\"\r\n"
    "Content-Disposition: attachment; filename=\"seal.bin\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4\r\n"
    "OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3Bx\r\n"
    "--=_postseal_lab--\r\n";

constexpr std::size_t kMaxLetterFile = 64 * 1024 * 1024;
constexpr std::size_t kMarker = 64;

std::string joined(const std::vector<std::string>& recipients) {
  std::string result;
  for (const std::string& recipient : recipients) result += (result.empty() ? "" : ",\r\n ") + recipient;
  return result;
}

}  // namespace

std::string built_in_letter(const CaseSpec& spec, std::string_view run) {
  std::string id = spec.name;
  std::ranges::replace_if(id, [](unsigned char c) { return !std::isalnum(c); }, '-');
  return fmt::format(fmt::runtime(kLetter), fmt::arg("run", run), fmt::arg("name", id),
                     fmt::arg("to", joined(spec.recipients)),
                     fmt::arg("demand", spec.tls_required_no ? "TLS-Required: No\r\n" : ""));
}

std::expected<std::string, std::string> letter_for(const CaseSpec& spec, const std::string& world_file,
                                                   std::string_view run) {
  if (spec.message.empty()) return built_in_letter(spec, run);
  const auto path = std::filesystem::path(world_file).parent_path() / spec.message;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(fmt::format("case {}: cannot read {}", spec.name, path.string()));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() > kMaxLetterFile) {
    return std::unexpected(fmt::format("case {}: {} is larger than 64 MiB", spec.name, path.string()));
  }
  return text;
}

std::string_view marker_of(std::string_view letter) {
  return letter.substr(0, std::min({letter.find('\r'), letter.find('\n'), kMarker}));
}

std::string with_lf(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    result += text[i];
  }
  return result;
}

std::ptrdiff_t LetterSource::read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), text_.size() - at_);
  std::memcpy(buffer.data(), text_.data() + at_, count);
  at_ += count;
  return static_cast<std::ptrdiff_t>(count);
}

}  // namespace postseal::lab
