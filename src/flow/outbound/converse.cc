// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/converse.h"

#include <array>

namespace postseal::outbound {

namespace {

constexpr std::size_t kPiece = 32 * 1024;
constexpr std::chrono::seconds kQuitPatience{2};

}  // namespace

Conversation::Conversation(std::unique_ptr<net::Stream> stream, smtp::ClientSettings settings, Domain host,
                           const Observer* observer)
    : stream_(std::move(stream)), engine_(std::move(settings)), host_(std::move(host)), observer_(observer) {}

void Conversation::adopt_stream(std::unique_ptr<net::Stream> stream) {
  stream_ = std::move(stream);
  tls_ = true;
}

Deadline Conversation::wait_until(Deadline deadline) const {
  const smtp::Timer timer = engine_.timer();
  return timer == smtp::Timer::None ? deadline : Deadline::in(smtp::limit(timer)).earlier(deadline);
}

void Conversation::trace(bool sent, std::string_view bytes) const {
  if (!observer_ || !observer_->wire || (sent && in_body_)) return;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    observer_->wire({host_, sent, tls_, line});
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
  }
}

Awaitable<std::expected<void, net::IoError>> Conversation::flush(Deadline deadline) {
  const std::string output = engine_.take_output();
  if (output.empty()) co_return std::expected<void, net::IoError>{};
  trace(true, output);
  co_return co_await stream_->write_all(output, wait_until(deadline));
}

Awaitable<std::expected<smtp::Event, net::IoError>> Conversation::next_event(Deadline deadline) {
  std::array<char, 4096> buffer{};
  bool writable = true;
  while (true) {
    // What the engine has to say goes out first. If it cannot, the peer may still have left its last words: they are
    // read, but no more of the message is asked for.
    if (writable) writable = (co_await flush(deadline)).has_value();
    if (auto event = engine_.next_event(); event && (writable || !std::holds_alternative<smtp::BodyDue>(*event))) {
      co_return std::move(*event);
    }
    const auto count = co_await stream_->read_some(buffer, wait_until(deadline));
    if (count) {
      trace(false, std::string_view(buffer.data(), *count));
      engine_.receive(std::string_view(buffer.data(), *count));
      continue;
    }
    if (count.error().code == net::IoErrorCode::Cancelled) co_return std::unexpected(count.error());
    // The engine knows what this means for a transaction under way: refused, to be retried, or in doubt.
    count.error().code == net::IoErrorCode::Timeout ? engine_.timed_out() : engine_.peer_closed();
    if (auto event = engine_.next_event()) co_return std::move(*event);
    co_return std::unexpected(count.error());
  }
}

Awaitable<std::expected<smtp::Event, net::IoError>> Conversation::transact(smtp::Transaction transaction,
                                                                           message::OpenSource open,
                                                                           Deadline deadline) {
  const auto body = open();
  if (!body) co_return std::unexpected(net::IoError{net::IoErrorCode::Other, "the message cannot be read again"});
  engine_.begin(std::move(transaction));
  std::vector<char> piece(kPiece);
  while (true) {
    auto event = co_await next_event(deadline);
    if (!event || !std::holds_alternative<smtp::BodyDue>(*event)) {
      in_body_ = false;
      co_return event;
    }
    in_body_ = true;
    const auto count = body->read(piece);
    if (count < 0) {
      // A partial letter must never look whole: no end mark, the connection ends here.
      engine_.abort_body();
      close();
      if (auto end = engine_.next_event()) co_return std::move(*end);
      co_return std::unexpected(net::IoError{net::IoErrorCode::Other, "the message could not be read to its end"});
    }
    engine_.body(std::string_view(piece.data(), static_cast<std::size_t>(count)), count == 0);
  }
}

Awaitable<void> Conversation::quit(Deadline deadline) {
  engine_.quit();
  const auto bounded = Deadline::in(kQuitPatience).earlier(deadline);
  while (true) {
    const auto event = co_await next_event(bounded);
    if (!event || !std::holds_alternative<smtp::BodyDue>(*event)) break;
  }
  close();
}

void Conversation::close() {
  if (stream_) stream_->close();
}

}  // namespace postseal::outbound
