// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/session.h"

#include <fmt/format.h>

#include <algorithm>

namespace postseal::outbound {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds since(steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

/// RFC 8460 §4.3.2: the name under which a failed proof is reported. tlsa-invalid is for TLSA records that are no good
/// in themselves; a certificate that matches none of the good ones is a validation-failure.
tlsrpt::ResultType result_of(policy::ProofFailure failure) {
  switch (failure) {
    case policy::ProofFailure::HostMismatch:
      return tlsrpt::ResultType::CertificateHostMismatch;
    case policy::ProofFailure::Expired:
      return tlsrpt::ResultType::CertificateExpired;
    case policy::ProofFailure::NotTrusted:
    case policy::ProofFailure::NotYetValid:
    case policy::ProofFailure::NoCertificate:
    case policy::ProofFailure::WeakKey:
      return tlsrpt::ResultType::CertificateNotTrusted;
    case policy::ProofFailure::TlsaMismatch:
    case policy::ProofFailure::None:
    case policy::ProofFailure::Other:
      break;
  }
  return tlsrpt::ResultType::ValidationFailure;
}

std::vector<IpAddress> in_order(const std::vector<IpAddress>& addresses, settings::AddressPreference preference) {
  std::vector<IpAddress> v4, v6;
  for (const IpAddress& address : addresses) (address.is_v4() ? v4 : v6).push_back(address);
  switch (preference) {
    case settings::AddressPreference::Ipv6First:
      v6.insert(v6.end(), v4.begin(), v4.end());
      return v6;
    case settings::AddressPreference::Ipv4First:
      v4.insert(v4.end(), v6.begin(), v6.end());
      return v4;
    case settings::AddressPreference::Ipv6Only:
      return v6;
    case settings::AddressPreference::Ipv4Only:
      return v4;
  }
  return {};
}

/// How STARTTLS ended, when the session goes on.
enum class TlsTurn {
  Done,       ///< encrypted, and proved as far as the requirement asks
  NotUsed,    ///< plaintext, which the requirement allows
  Plaintext,  ///< failed, and the requirement allows plaintext over a new connection
  Failed,     ///< the attempt says why
};

class Opening {
 public:
  Opening(SessionTools tools, SessionRequest request, HostAttempt& attempt)
      : tools_(tools), request_(std::move(request)), attempt_(attempt), requirement_(request_.decision.requirement) {}

  Awaitable<std::unique_ptr<Session>> run() {
    bool try_tls = requirement_.tls != policy::TlsUse::Never;
    while (true) {
      if (!co_await connect()) co_return nullptr;
      if (!co_await reach_ready()) co_return nullptr;
      if (!try_tls) break;
      const TlsTurn turn = co_await start_tls();
      if (turn == TlsTurn::Failed) co_return nullptr;
      if (turn != TlsTurn::Plaintext) break;
      // RFC 7435 §4: opportunistic TLS that fails is no worse than none; the same host again, without it.
      say("TLS failed and is not required: once more without it");
      try_tls = false;
      attempt_.plaintext_after = attempt_.tls_result;
      forget_failure();
      if (request_.deadline.passed()) {
        fail("no time was left for another connection", std::nullopt);
        co_return nullptr;
      }
    }
    if (!session_->evidence.tls) {
      session_->evidence.starttls_offered = session_->talk->engine().capabilities().starttls;
    }
    session_->evidence.requiretls_offered =
        session_->evidence.tls && session_->talk->engine().capabilities().requiretls;
    // RFC 8689 §4.2.1 MUST (X05, X06): the promise counts only inside TLS.
    if (requirement_.requiretls_keyword && !session_->evidence.requiretls_offered) {
      fail_for_good("the server does not offer REQUIRETLS", std::nullopt);
      co_await session_->talk->quit(request_.deadline);
      co_return nullptr;
    }
    // Whatever way led here: where TLS is required, nothing goes on without it.
    if (required() && !session_->evidence.tls) {
      fail("TLS is required and was not established", tlsrpt::ResultType::StarttlsNotSupported);
      session_->talk->close();
      co_return nullptr;
    }
    attempt_.evidence = session_->evidence;
    co_return std::move(session_);
  }

 private:
  void say(std::string_view line) const {
    if (tools_.observer && tools_.observer->step) {
      tools_.observer->step(fmt::format("{}: {}", request_.decision.host.unicode(), line));
    }
  }

  void fail(std::string problem, std::optional<tlsrpt::ResultType> result) {
    attempt_.problem = std::move(problem);
    attempt_.tls_result = result;
    if (session_) attempt_.evidence = session_->evidence;
    say(attempt_.problem);
  }

  /// The server has answered, and this is what it has not got.
  void fail_for_good(std::string problem, std::optional<tlsrpt::ResultType> result) {
    fail(std::move(problem), result);
    attempt_.lacks_demand = true;
  }

  void forget_failure() {
    attempt_.problem.clear();
    attempt_.tls_result.reset();
    attempt_.session_failure.reset();
    attempt_.reply.reset();
    attempt_.evidence.reset();
    attempt_.lacks_demand = false;
  }

  Awaitable<bool> connect() {
    const auto start = steady_clock::now();
    const auto& settings = tools_.settings->delivery;
    auto addresses = in_order(request_.decision.addresses, settings.addresses);
    if (addresses.empty()) {
      fail("no address of the family that the settings ask for", std::nullopt);
      co_return false;
    }
    const auto deadline = Deadline::in(settings.connect_timeout).earlier(request_.deadline);
    auto dialled = co_await net::dial_tcp(std::move(addresses), request_.port, {}, deadline);
    attempt_.connect += since(start);
    if (!dialled) {
      attempt_.dial_failures = dialled.error();
      const auto& last = attempt_.dial_failures.back();
      fail(fmt::format("cannot connect to {} port {}: {}", last.address.to_string(), request_.port, last.error.context),
           std::nullopt);
      co_return false;
    }
    smtp::ClientSettings client;
    client.helo_name = settings.hostname;
    client.use_chunking = settings.chunking;
    session_ = std::make_unique<Session>();
    session_->evidence.mx_host = request_.decision.host;
    session_->evidence.address = dialled->address;
    session_->evidence.port = request_.port;
    session_->evidence.weakened = request_.weakened;
    say(fmt::format("connected to {}", dialled->address.to_string()));
    session_->talk = std::make_unique<Conversation>(std::move(dialled->stream), std::move(client),
                                                    request_.decision.host, tools_.observer);
    co_return true;
  }

  void fail_with(const smtp::SessionEnd& end, std::optional<tlsrpt::ResultType> result) {
    attempt_.session_failure = end.failure;
    attempt_.reply = end.reply;
    fail(end.reason, result);
  }

  Awaitable<bool> reach_ready() {
    auto event = co_await session_->talk->next_event(request_.deadline);
    if (event && std::holds_alternative<smtp::Ready>(*event)) co_return true;
    if (!event) {
      fail(event.error().context, std::nullopt);
    } else if (const auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
      fail_with(*end, std::nullopt);
      // RFC 5321 §4.1.1.10 MUST: no connection is closed without QUIT, where it can still be said.
      co_await session_->talk->quit(request_.deadline);
    } else {
      fail("the SMTP dialogue went out of step", std::nullopt);
    }
    co_return false;
  }

  bool required() const { return requirement_.tls == policy::TlsUse::Required; }

  Awaitable<TlsTurn> start_tls() {
    auto& talk = *session_->talk;
    session_->evidence.starttls_offered = talk.engine().capabilities().starttls;
    if (!session_->evidence.starttls_offered) {
      if (!required()) co_return TlsTurn::NotUsed;
      // RFC 7672 §2.2 MUST, RFC 8461 §5 MUST (D03, S31): no STARTTLS, no mail.
      fail_for_good("the server does not offer STARTTLS", tlsrpt::ResultType::StarttlsNotSupported);
      co_await talk.quit(request_.deadline);
      co_return TlsTurn::Failed;
    }
    talk.engine().begin_tls();
    auto event = co_await talk.next_event(request_.deadline);
    if (!event) {
      fail(event.error().context, tlsrpt::ResultType::StarttlsNotSupported);
      co_return required() ? TlsTurn::Failed : TlsTurn::Plaintext;
    }
    if (const auto* end = std::get_if<smtp::SessionEnd>(&*event)) {
      fail_with(*end, tlsrpt::ResultType::StarttlsNotSupported);
      attempt_.lacks_demand = end->reply && end->reply->permanent();
      co_await talk.quit(request_.deadline);
      // Bytes behind the 220 are an attack, not a fault (pitfall 16): never answered with plaintext.
      const bool attack = end->failure == smtp::SessionFailure::StartTlsInjection;
      co_return required() || attack ? TlsTurn::Failed : TlsTurn::Plaintext;
    }
    co_return co_await handshake();
  }

  Awaitable<TlsTurn> handshake() {
    auto& talk = *session_->talk;
    const auto start = steady_clock::now();
    const auto deadline = Deadline::in(smtp::limit(smtp::Timer::StartTls)).earlier(request_.deadline);
    auto started = co_await tools_.tls->start(talk.release_stream(), requirement_, deadline);
    attempt_.tls += since(start);
    if (!started) {
      session_->evidence.tls = started.error().evidence;
      session_->evidence.verdict = started.error().verdict;
      const bool rejected = started.error().verdict.result == policy::ProofResult::Rejected;
      // RFC 7672 §2.2, RFC 8461 §5 MUST (D02, D04, S31): a failed proof or handshake means another host, not plaintext.
      fail(rejected ? started.error().verdict.reason : started.error().error.context,
           rejected ? result_of(started.error().verdict.failure) : tlsrpt::ResultType::ValidationFailure);
      attempt_.lacks_demand = rejected;
      co_return required() ? TlsTurn::Failed : TlsTurn::Plaintext;
    }
    session_->evidence.tls = std::move(started->evidence);
    session_->evidence.verdict = std::move(started->verdict);
    talk.adopt_stream(std::move(started->stream));
    talk.engine().tls_established();
    say(fmt::format("{} {}", session_->evidence.tls->version, session_->evidence.tls->cipher));
    co_return co_await reach_ready() ? TlsTurn::Done : TlsTurn::Failed;
  }

  SessionTools tools_;
  SessionRequest request_;
  HostAttempt& attempt_;
  const policy::Requirement& requirement_;
  std::unique_ptr<Session> session_;
};

}  // namespace

Awaitable<std::unique_ptr<Session>> open_session(SessionTools tools, SessionRequest request, HostAttempt& attempt) {
  Opening opening(tools, std::move(request), attempt);
  co_return co_await opening.run();
}

}  // namespace postseal::outbound
