// SPDX-License-Identifier: Apache-2.0
#include "lab/log_lines.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>

#include "vocab/codec.h"

namespace postseal::lab {

namespace json = boost::json;

namespace {

/// What came from the wire need not be UTF-8, which JSON demands.
std::string octets_as_text(std::string_view octets) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
}

/// At once: somebody may be waiting for it.
void write(std::FILE* file, const json::object& line) {
  fmt::print(file, "{}\n", json::serialize(line));
  std::fflush(file);
}

}  // namespace

std::expected<void, std::string> LogLines::open(const std::filesystem::path& file) {
  file_.reset(std::fopen(file.c_str(), "we"));
  if (!file_) return std::unexpected(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  return {};
}

void LogLines::session(std::size_t session, std::string_view host) {
  if (file_) write(file_.get(), {{"event", "session"}, {"session", session}, {"host", host}});
}

void LogLines::handshake(std::size_t session, std::string_view version, std::string_view sni, bool resumed) {
  if (!file_) return;
  write(file_.get(),
        {{"event", "tls"}, {"session", session}, {"version", version}, {"sni", sni}, {"resumed", resumed}});
}

void LogLines::recipient(std::size_t session, std::string_view mailbox) {
  if (!file_) return;
  write(file_.get(), {{"event", "recipient"}, {"session", session}, {"mailbox_base64", octets_as_text(mailbox)}});
}

void LogLines::octets(std::size_t session, std::uint64_t count) {
  if (file_) write(file_.get(), {{"event", "octets"}, {"session", session}, {"count", count}});
}

void LogLines::letter(std::size_t session, const LetterLine& letter) {
  if (!file_) return;
  json::array recipients;
  for (const auto& recipient : letter.recipients) recipients.emplace_back(octets_as_text(recipient));
  write(file_.get(), {{"event", "letter"},
                      {"session", session},
                      {"accepted", letter.accepted},
                      {"from_base64", octets_as_text(letter.from)},
                      {"parameters_base64", octets_as_text(letter.mail_parameters)},
                      {"recipients_base64", std::move(recipients)},
                      {"body_base64", octets_as_text(letter.body)}});
}

}  // namespace postseal::lab
