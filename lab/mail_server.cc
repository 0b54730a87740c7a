// SPDX-License-Identifier: Apache-2.0
#include "lab/mail_server.h"

#include "lab/launch.h"
#include "lab/mail_session.h"

namespace postseal::lab {

namespace {

Awaitable<void> serve_session(const MailServer* server, std::unique_ptr<net::Stream> stream) {
  MailSession session(*server, std::move(stream));
  co_await session.run();
}

}  // namespace

std::expected<std::unique_ptr<MailServer>, std::string> MailServer::create(Domain host, MailServerSpec spec,
                                                                           tls::ServerSettings identity, RawLog& log) {
  identity.min_version = spec.tls_min;
  identity.max_version = spec.tls_max;
  auto context = tls::ServerContext::create(identity);
  if (!context) return std::unexpected(host.ascii() + ": " + context.error());
  std::unique_ptr<MailServer> server(new MailServer(std::move(host), std::move(spec), std::move(*context), log));
  if (server->spec_.tls_script.empty()) return server;
  auto script = HelloScript::create(server->spec_.tls_script, identity);
  if (!script) return std::unexpected(server->host_.ascii() + ": " + script.error());
  server->hello_script_ = std::move(*script);
  return server;
}

MailServer::MailServer(Domain host, MailServerSpec spec, tls::ServerContext tls, RawLog& log)
    : host_(std::move(host)), spec_(std::move(spec)), tls_(std::move(tls)), log_(log) {}

Awaitable<void> MailServer::serve(std::unique_ptr<net::Listener> listener) {
  const auto executor = co_await boost::asio::this_coro::executor;
  while (auto accepted = co_await listener->accept()) {
    launch(executor, serve_session(this, std::move(accepted->stream)));
  }
}

}  // namespace postseal::lab
