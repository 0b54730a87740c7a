#pragma once
// SPDX-License-Identifier: Apache-2.0
// One letter from outside, judged: fed with its octets as they came, it says at the end who wrote it, which header
// fields say so, and what is to become of it.
//
//   first octets ─▶ SPF, iprev ─┐
//   octets ─▶ MessagePass ──┴▶ DKIM, ARC ─▶ DMARC ─▶ trusted sealers ─▶ Authentication-Results, ruling
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/settings/authentication_settings.h"
#include "flow/authenticate/findings.h"
#include "flow/authenticate/lookups.h"
#include "flow/authenticate/ruling.h"
#include "protocol/authres/header.h"
#include "vocab/offload.h"

namespace postseal::authenticate {

/// Outlive every Authentication; used by all threads.
struct Services {
  dns::Resolver& resolver;
  Offload offload;
  const Clock& clock;
  std::shared_ptr<Turnstile> turnstile = std::make_shared<Turnstile>();
};

struct Rules {
  settings::AuthenticationSettings settings;
  std::string hostname;
  /// RFC 8601 §2.5: the name that our fields begin with.
  const std::string& authserv_id() const { return settings.authserv_id.empty() ? hostname : settings.authserv_id; }
};

struct Outcome {
  Findings findings;
  Ruling ruling;
  std::vector<authres::MethodResult> results;
  /// The fields that stand in front of the letter, with CRLF: Authentication-Results, Postseal-Quarantine.
  std::string header;
};

class Authentication {
 public:
  /// Lookups run on the executor, which must be the one that finish() is awaited on. visitor: what earlier letters of
  /// the session have shown; kept up to date.
  Authentication(const Services& services, std::shared_ptr<const Rules> rules, Client client,
                 const boost::asio::any_io_executor& executor,
                 std::shared_ptr<Visitor> visitor = std::make_shared<Visitor>());
  /// Nothing more is asked.
  ~Authentication();

  /// The letter as the client sent it, before anything of ours is in it. With the first piece lookups begin: who only
  /// says that he has a letter makes us ask nothing (A24).
  void feed(std::string_view piece) {
    if (!lookups_) begin_lookups();
    pass_->feed(piece);
  }
  /// After the last octet; ends within settings.timeout. charset: Utf8 for an SMTPUTF8 letter. Never null.
  Awaitable<std::unique_ptr<const Outcome>> finish(authres::Charset charset);
  /// Nobody waits for the outcome any more: what finish() has begun ends with the answers that are under way.
  void cancel() { asking_->cancel(); }

  /// The letter, after finish(): who seals it goes on from here.
  std::shared_ptr<const dkim::MessagePass> pass() const { return pass_; }

 private:
  struct Work;
  void begin_lookups();
  Deadline before_dmarc() const;
  static Awaitable<bool> verify_signatures(std::shared_ptr<Work> work);
  static Awaitable<bool> verify_chain(std::shared_ptr<Work> work);
  static Awaitable<void> take_lookups(std::shared_ptr<Work> work);
  Awaitable<void> ask_author(Findings& findings, Deadline deadline);

  const Services& services_;
  std::shared_ptr<const Rules> rules_;
  Client client_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Visitor> visitor_;
  std::shared_ptr<Asking> asking_;
  std::shared_ptr<dkim::MessagePass> pass_;
  std::shared_ptr<EarlyLookups> lookups_;  ///< from the first octets on
};

/// RFC 8601 §5 (A21): a field that claims to be ours, or that would speak for us, in a letter that somebody brings.
bool is_forged(const message::HeaderField& field, std::string_view authserv_id);

}  // namespace postseal::authenticate
