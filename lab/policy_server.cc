// SPDX-License-Identifier: Apache-2.0
#include "lab/policy_server.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "lab/launch.h"
#include "lab/pause.h"

namespace postseal::lab {

namespace {

constexpr std::size_t kMaxRequest = 16 * 1024;
constexpr int kManyHeaders = 100'000;

/// Up to the blank line; what came so far when the peer ends earlier.
Awaitable<std::string> read_request(net::Stream* stream) {
  std::string request;
  std::array<char, 4096> piece;
  while (request.size() < kMaxRequest && request.find("\r\n\r\n") == std::string::npos) {
    const auto count = co_await stream->read_some(piece, no_hurry());
    if (!count) break;
    request.append(piece.data(), *count);
  }
  co_return request;
}

/// The same bytes again and again until the peer has had enough.
Awaitable<void> pour(net::Stream* stream, std::string bytes) {
  while (co_await stream->write_all(bytes, no_hurry())) {
  }
}

Awaitable<void> trickle(net::Stream* stream, std::string bytes) {
  for (const char& byte : bytes) {
    if (!co_await stream->write_all(std::string_view(&byte, 1), no_hurry())) co_return;
    co_await pause(std::chrono::seconds(1));
  }
}

}  // namespace

std::string policy_body(const PolicySpec& spec) {
  if (spec.body) return *spec.body;
  std::string body = fmt::format("version: STSv1\r\nmode: {}\r\n", spec.mode);
  for (const std::string& mx : spec.mx) body += fmt::format("mx: {}\r\n", mx);
  return body + fmt::format("max_age: {}\r\n", spec.max_age);
}

std::expected<std::unique_ptr<PolicyServer>, std::string> PolicyServer::create(PolicySpec spec,
                                                                               tls::ServerSettings identity,
                                                                               RawLog& log) {
  auto context = tls::ServerContext::create(identity);
  if (!context) return std::unexpected("mta-sts." + spec.domain.ascii() + ": " + context.error());
  return std::unique_ptr<PolicyServer>(new PolicyServer(std::move(spec), std::move(*context), log));
}

PolicyServer::PolicyServer(PolicySpec spec, tls::ServerContext tls, RawLog& log)
    : spec_(std::move(spec)), tls_(std::move(tls)), log_(log) {}

Awaitable<void> PolicyServer::serve(std::unique_ptr<net::Listener> listener) {
  const auto executor = co_await boost::asio::this_coro::executor;
  while (auto accepted = co_await listener->accept()) {
    launch(executor, answer(this, std::move(accepted->stream)));
  }
}

std::string PolicyServer::head(std::string_view framing) const {
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\n", spec_.status);
  if (!spec_.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", spec_.content_type);
  if (!spec_.location.empty()) head += fmt::format("Location: {}\r\n", spec_.location);
  for (const std::string& line : spec_.headers) head += line + "\r\n";
  return head + fmt::format("Connection: close\r\n{}\r\n", framing);
}

Awaitable<void> PolicyServer::answer(const PolicyServer* self, std::unique_ptr<net::Stream> plain) {
  const std::string& manner = self->spec_.behaviour;
  if (manner == "reset") {
    std::array<char, 512> hello;
    co_await plain->read_some(hello, no_hurry());
    plain->reset();
    co_return;
  }
  auto session = co_await self->tls_->start(std::move(plain), no_hurry());
  if (!session) {
    self->log_.policy_request({self->spec_.domain, "", ""});
    co_return;
  }
  net::Stream* stream = session->stream.get();
  self->log_.policy_request({self->spec_.domain, session->sni, co_await read_request(stream)});

  const std::string body = policy_body(self->spec_);
  if (manner == "hang") {
    co_await swallow(stream);
  } else if (manner == "slow") {
    co_await trickle(stream, self->head(fmt::format("Content-Length: {}\r\n", body.size())) + body);
  } else if (manner == "endless") {
    if (!co_await stream->write_all(self->head(""), no_hurry())) co_return;
    co_await pour(stream, std::string(4094, 'x') + "\r\n");
  } else if (manner == "chunked-endless") {
    if (!co_await stream->write_all(self->head("Transfer-Encoding: chunked\r\n"), no_hurry())) co_return;
    co_await pour(stream, "1000\r\n" + std::string(4096, 'x') + "\r\n");
  } else if (manner == "many-headers") {
    std::string more = fmt::format("Content-Length: {}\r\n", body.size());
    for (int i = 0; i < kManyHeaders; ++i) more += fmt::format("X-{}: {}\r\n", i, i);
    co_await stream->write_all(self->head(more) + body, no_hurry());
  } else {
    const bool bodiless = self->spec_.status == 204 || self->spec_.status == 304;
    const std::string framing = bodiless ? "" : fmt::format("Content-Length: {}\r\n", body.size());
    co_await stream->write_all(self->head(framing) + (bodiless ? "" : body), no_hurry());
  }
  stream->close();
}

}  // namespace postseal::lab
