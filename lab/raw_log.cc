// SPDX-License-Identifier: Apache-2.0
#include "lab/raw_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postseal::lab {

std::expected<void, std::string> RawLog::keep_in(const std::filesystem::path& file) {
  const std::lock_guard guard(lock_);
  return lines_.open(file);
}

RawLog::Session RawLog::open_session(Domain host) {
  const std::lock_guard guard(lock_);
  lines_.session(sessions_.size(), host.ascii());
  sessions_.emplace_back().host = std::move(host);
  return sessions_.size() - 1;
}

void RawLog::received(Session session, std::string_view bytes, bool tls) {
  const std::lock_guard guard(lock_);
  SessionLog& log = sessions_[session];
  (tls ? log.under_tls : log.before_tls) += bytes;
}

void RawLog::handshake(Session session, std::string version, std::string sni, bool resumed) {
  const std::lock_guard guard(lock_);
  SessionLog& log = sessions_[session];
  log.tls_version = std::move(version);
  log.sni = std::move(sni);
  log.resumed = resumed;
  lines_.handshake(session, log.tls_version, log.sni, log.resumed);
}

void RawLog::recipient(Session session, std::string mailbox) {
  const std::lock_guard guard(lock_);
  lines_.recipient(session, mailbox);
  sessions_[session].recipients.push_back(std::move(mailbox));
}

void RawLog::body_bytes(Session session, std::uint64_t count) {
  const std::lock_guard guard(lock_);
  sessions_[session].body_bytes += count;
  if (count > 0) lines_.octets(session, sessions_[session].body_bytes);
}

void RawLog::letter(Session session, ReceivedLetter letter) {
  const std::lock_guard guard(lock_);
  lines_.letter(session, {letter.from, letter.mail_parameters, letter.recipients, letter.body, letter.accepted});
  sessions_[session].letters.push_back(std::move(letter));
}

void RawLog::policy_request(PolicyRequest request) {
  const std::lock_guard guard(lock_);
  requests_.push_back(std::move(request));
}

std::vector<SessionLog> RawLog::sessions() const {
  const std::lock_guard guard(lock_);
  return sessions_;
}

std::vector<SessionLog> RawLog::sessions(const Domain& host) const {
  const std::lock_guard guard(lock_);
  std::vector<SessionLog> result;
  std::ranges::copy_if(sessions_, std::back_inserter(result), [&](const SessionLog& log) { return log.host == host; });
  return result;
}

std::vector<PolicyRequest> RawLog::policy_requests() const {
  const std::lock_guard guard(lock_);
  return requests_;
}

}  // namespace postseal::lab
