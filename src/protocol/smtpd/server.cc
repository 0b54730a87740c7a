// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/server.h"

#include <utility>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/replies.h"

namespace postseal::smtpd {

Server::Server(ServerSettings settings, IpAddress peer)
    : Server(std::make_shared<const ServerSettings>(std::move(settings)), peer) {}
Server::Server(std::shared_ptr<const ServerSettings> settings, IpAddress peer)
    : impl_(std::make_unique<Impl>(std::move(settings), peer)) {}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;

void Server::receive(std::string_view bytes) { impl_->receive(bytes); }
void Server::peer_closed() {
  impl_->peer_has_closed = true;
  if (impl_->owed == Owed::Handshake) impl_->finish("closed by the client");
}
void Server::timed_out() { impl_->close(reply::kTimedOut, "timed out"); }
std::string Server::take_output() { return impl_->take_output(); }
std::optional<Event> Server::next_event() { return impl_->next_event(); }
void Server::tls_established(TlsFacts facts) { impl_->tls_established(std::move(facts)); }
void Server::auth_challenge(std::string_view challenge) { impl_->auth_challenge(challenge); }
void Server::auth_accepted(std::string user, std::optional<std::string> final_data) {
  impl_->auth_accepted(std::move(user), std::move(final_data));
}
void Server::auth_refused(const Reply& reply) { impl_->auth_refused(reply); }
void Server::accept(std::string text) { impl_->accept(std::move(text)); }
void Server::refuse(const Reply& reply) { impl_->refuse(reply); }
void Server::set_peer(IpAddress peer) { impl_->session.peer = peer; }
const Server::Session& Server::session() const { return impl_->session; }

void Server::shut_down() {
  impl_->stopping = true;
  impl_->stop_if_asked();
}

bool Server::wants_input() const { return impl_->expecting != Expecting::Nothing && impl_->owed == Owed::Nothing; }

Timer Server::timer() const {
  if (impl_->owed != Owed::Nothing) return Timer::None;
  switch (impl_->expecting) {
    case Expecting::Command: {
      const Session& session = impl_->session;
      bool known = !session.helo.empty() && (impl_->settings.role == Role::Relay || !session.user.empty());
      return known ? Timer::Command : Timer::Greeting;
    }
    case Expecting::AuthResponse:
    case Expecting::AuthFinal:
      return Timer::Auth;
    case Expecting::Message:
    case Expecting::Chunk:
      return Timer::MessageBlock;
    case Expecting::Nothing:
      break;
  }
  return Timer::None;
}

std::string Server::protocol_name() const {
  const Session& session = impl_->session;
  // RFC 3848 §1, RFC 6531 §4.3. There is no name for SMTP inside TLS without EHLO; STARTTLS needs it, so it was said.
  std::string name = impl_->smtputf8 ? "UTF8SMTP" : session.esmtp || session.tls ? "ESMTP" : "SMTP";
  if (session.tls) name += 'S';
  if (!session.user.empty()) name += 'A';
  return name;
}

std::chrono::seconds limit(Timer timer) {
  using namespace std::chrono_literals;
  switch (timer) {
    case Timer::Greeting:
    case Timer::Auth:
      return 1min;  // whoever has nobody's trust yet and does not speak holds a place for nothing (A23)
    case Timer::Command:
    case Timer::MessageBlock:
      return 5min;  // RFC 5321 §4.5.3.2.7 SHOULD
    case Timer::None:
      break;
  }
  return 24h;  // nothing is waited for; finite, so that adding it to now is safe
}

std::string_view to_string(Timer timer) {
  switch (timer) {
    case Timer::Greeting:
      return "greeting";
    case Timer::Command:
      return "command";
    case Timer::MessageBlock:
      return "message";
    case Timer::Auth:
      return "AUTH";
    case Timer::None:
      break;
  }
  return "none";
}

}  // namespace postseal::smtpd
