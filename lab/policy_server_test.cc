// SPDX-License-Identifier: Apache-2.0
#include "lab/policy_server.h"

#include <gtest/gtest.h>

#include <array>

#include "edge/net/dial.h"
#include "edge/tls/client.h"
#include "lab/authority.h"
#include "lab/launch.h"
#include "lab/run_with_servers.h"

namespace postseal::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kHere = *IpAddress::parse("127.0.0.1");
const Domain kDomain = *Domain::parse("s.lab.test");
constexpr std::size_t kEnough = 1 << 20;

struct Fetched {
  std::string answer;
  std::string ending;  ///< how the connection ended, or "enough"
};

Awaitable<Fetched> fetch(PolicyServer* server, milliseconds patience) {
  Fetched fetched;
  auto listener = co_await net::listen_tcp(kHere, 0);
  const std::uint16_t port = (*listener)->port();
  launch(co_await boost::asio::this_coro::executor, server->serve(std::move(*listener)));
  auto dialled = co_await net::dial_tcp({kHere}, port, {}, Deadline::in(seconds(10)));
  const tls::TrustStore nobody = tls::TrustStore::empty();
  const SystemClock clock;
  tls::ClientContext context(nobody, clock);
  policy::Requirement requirement;
  requirement.sni = *Domain::parse("mta-sts.s.lab.test");
  auto session = co_await context.start(std::move(dialled->stream), requirement, Deadline::in(seconds(10)));
  if (!session) {
    fetched.ending = net::to_string(session.error().error.code);
    co_return fetched;
  }
  const std::string request = "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.s.lab.test\r\n\r\n";
  co_await session->stream->write_all(request, Deadline::in(seconds(10)));
  std::array<char, 16384> piece;
  while (fetched.answer.size() < kEnough) {
    const auto count = co_await session->stream->read_some(piece, Deadline::in(patience));
    if (!count) {
      fetched.ending = net::to_string(count.error().code);
      co_return fetched;
    }
    fetched.answer.append(piece.data(), *count);
  }
  fetched.ending = "enough";
  co_return fetched;
}

struct Manner {
  std::string name;
  void (*change)(PolicySpec&);
  std::string contains;
  std::string ending;
};
void PrintTo(const Manner& manner, std::ostream* out) { *out << manner.name; }

class PolicyServerTest : public testing::TestWithParam<Manner> {};

TEST_P(PolicyServerTest, answers_as_its_spec_says) {
  PolicySpec spec;
  spec.domain = kDomain;
  spec.mx = {"mx.s.lab.test"};
  GetParam().change(spec);
  auto authority = Authority::create();
  auto issued = authority->issue({}, "mta-sts.s.lab.test");
  tls::ServerSettings identity;
  identity.chain_pem = issued->chain_pem;
  identity.key_pem = issued->key_pem;
  RawLog log;
  auto server = PolicyServer::create(spec, identity, log);
  ASSERT_TRUE(server) << server.error();
  const Fetched fetched = run_with_servers(fetch(server->get(), milliseconds(400)));
  EXPECT_NE(fetched.answer.find(GetParam().contains), std::string::npos) << fetched.answer.substr(0, 1000);
  EXPECT_EQ(fetched.ending, GetParam().ending);
  if (spec.behaviour == "reset") return;
  const auto requests = log.policy_requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].policy_domain, kDomain);
  EXPECT_EQ(requests[0].sni, "mta-sts.s.lab.test");
  EXPECT_TRUE(requests[0].head.starts_with("GET /.well-known/mta-sts.txt ")) << requests[0].head;
}

INSTANTIATE_TEST_SUITE_P(
    Manners, PolicyServerTest,
    testing::Values(
        Manner{"good", [](PolicySpec&) {},
               "\r\n\r\nversion: STSv1\r\nmode: enforce\r\nmx: mx.s.lab.test\r\nmax_age: 604800\r\n", "closed"},
        Manner{"own_body", [](PolicySpec& s) { s.body = "nonsense\n"; }, "Content-Length: 9\r\n\r\nnonsense\n",
               "closed"},
        Manner{"redirect",
               [](PolicySpec& s) {
                 s.status = 301;
                 s.location = "https://else.test/";
               },
               "HTTP/1.1 301 Scripted\r\nContent-Type: text/plain\r\nLocation: https://else.test/\r\n", "closed"},
        Manner{"no_content_type", [](PolicySpec& s) { s.content_type = ""; }, "Scripted\r\nConnection: close\r\n",
               "closed"},
        Manner{"more_headers", [](PolicySpec& s) { s.headers = {"Cache-Control: no-store"}; },
               "\r\nCache-Control: no-store\r\n", "closed"},
        Manner{"no_content", [](PolicySpec& s) { s.status = 204; }, "Connection: close\r\n\r\n", "closed"},
        Manner{"reset", [](PolicySpec& s) { s.behaviour = "reset"; }, "", "reset"},
        Manner{"slow", [](PolicySpec& s) { s.behaviour = "slow"; }, "H", "timeout"},
        Manner{"hang", [](PolicySpec& s) { s.behaviour = "hang"; }, "", "timeout"},
        Manner{"endless", [](PolicySpec& s) { s.behaviour = "endless"; }, "xxxx", "enough"},
        Manner{"chunked_endless", [](PolicySpec& s) { s.behaviour = "chunked-endless"; }, "\r\n1000\r\nxxxx", "enough"},
        Manner{"many_headers", [](PolicySpec& s) { s.behaviour = "many-headers"; }, "X-9999: 9999\r\n", "enough"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace postseal::lab
