// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/ad_stub.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using dns::AnswerState;
using dns::Failure;
using dns::RecordType;

/// A resolver on loopback that answers every question with one address and flags of the test's choice.
class LocalResolver {
 public:
  LocalResolver(asio::io_context& io, std::uint16_t flags)
      : udp_(io, {asio::ip::address_v4::loopback(), 0}),
        tcp_(io, {asio::ip::address_v4::loopback(), udp_.local_endpoint().port()}),
        peer_(io),
        flags_(flags) {
    receive();
    tcp_.async_accept(peer_, [this](auto error) {
      if (!error) read_framed();
    });
  }

  ServerAddress address() const { return {IpAddress::v4({127, 0, 0, 1}), udp_.local_endpoint().port()}; }
  void stop() {
    udp_.close();
    tcp_.close();
    peer_.close();
  }

  int ignored = 0;               ///< so many UDP questions get no answer first
  bool forged_id_first = false;  ///< an answer with another id comes before the right one
  int asked = 0;

 private:
  Bytes answer(std::span<const std::uint8_t> query, std::uint16_t flags) {
    Bytes out(query.begin(), query.end() - 11);  // without the OPT record
    out[2] = static_cast<std::uint8_t>(flags >> 8);
    out[3] = static_cast<std::uint8_t>(flags & 0xff);
    out[7] = 1;
    out[11] = 0;
    for (const int byte : {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1}) {
      out.push_back(static_cast<std::uint8_t>(byte));
    }
    return out;
  }

  void receive() {
    udp_.async_receive_from(asio::buffer(packet_), from_, [this](auto error, std::size_t size) {
      if (error) return;
      ++asked;
      if (asked > ignored) {
        Bytes reply = answer(std::span(packet_).first(size), flags_);
        if (forged_id_first) {
          Bytes forged = reply;
          forged[0] = static_cast<std::uint8_t>(forged[0] ^ 1);
          forged.back() = 66;
          udp_.send_to(asio::buffer(forged), from_);
        }
        udp_.send_to(asio::buffer(reply), from_);
      }
      receive();
    });
  }

  void read_framed() {
    framed_.resize(2);
    asio::async_read(peer_, asio::buffer(framed_), [this](auto error, std::size_t) {
      if (error) return;
      framed_.resize(static_cast<std::size_t>(framed_[0] << 8 | framed_[1]));
      asio::async_read(peer_, asio::buffer(framed_), [this](auto failed, std::size_t) {
        if (failed) return;
        Bytes reply = answer(framed_, flags_ & ~0x0200u);
        framed_ = {static_cast<std::uint8_t>(reply.size() >> 8), static_cast<std::uint8_t>(reply.size() & 0xff)};
        framed_.insert(framed_.end(), reply.begin(), reply.end());
        asio::async_write(peer_, asio::buffer(framed_), [](auto, std::size_t) {});
      });
    });
  }

  asio::ip::udp::socket udp_;
  asio::ip::tcp::acceptor tcp_;
  asio::ip::tcp::socket peer_;
  asio::ip::udp::endpoint from_;
  std::array<std::uint8_t, 512> packet_{};
  Bytes framed_;
  std::uint16_t flags_;
};

constexpr std::uint16_t kSecure = 0x81a0;
constexpr std::uint16_t kInsecure = 0x8180;
constexpr std::uint16_t kTruncated = 0x83a0;

dns::RawAnswer ask(asio::io_context& io, LocalResolver& server, std::chrono::milliseconds patience = 5s) {
  ResolverConfig config;
  config.mode = Mode::TrustAd;
  config.server = server.address();
  auto resolver = UnboundResolver::create(config, io.get_executor());
  EXPECT_TRUE(resolver.has_value()) << resolver.error();
  dns::RawAnswer answer;
  asio::co_spawn(io, (*resolver)->lookup(*Domain::parse("mx.test"), RecordType::A, Deadline::in(patience)),
                 [&](std::exception_ptr error, dns::RawAnswer got) {
                   EXPECT_FALSE(error);
                   answer = std::move(got);
                   server.stop();
                 });
  io.run();
  return answer;
}

TEST(TrustAd, the_ad_bit_of_a_loopback_resolver_is_believed) {
  for (const auto flags : {kSecure, kInsecure}) {
    asio::io_context io;
    LocalResolver server(io, flags);
    const auto answer = ask(io, server);
    EXPECT_TRUE(answer.found()) << answer.why;
    EXPECT_EQ(answer.secure, flags == kSecure);
    EXPECT_EQ(answer.records, (std::vector<Bytes>{{192, 0, 2, 1}}));
  }
}

TEST(TrustAd, D49_a_truncated_answer_is_fetched_over_tcp) {
  asio::io_context io;
  LocalResolver server(io, kTruncated);
  const auto answer = ask(io, server);
  EXPECT_TRUE(answer.found()) << answer.why;
  EXPECT_TRUE(answer.secure);
}

TEST(TrustAd, A32_an_answer_with_another_id_is_not_ours) {
  asio::io_context io;
  LocalResolver server(io, kInsecure);
  server.forged_id_first = true;
  EXPECT_EQ(ask(io, server).records, (std::vector<Bytes>{{192, 0, 2, 1}}));
}

TEST(TrustAd, silence_is_a_timeout_at_the_deadline) {
  asio::io_context io;
  LocalResolver server(io, kSecure);
  server.ignored = 100;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(io, server, 200ms).failure, Failure::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST(TrustAd, a_lost_packet_is_asked_again) {
  asio::io_context io;
  LocalResolver server(io, kSecure);
  server.ignored = 1;
  EXPECT_TRUE(ask(io, server).secure);
  EXPECT_EQ(server.asked, 2);
}

TEST(TrustAd, nobody_listening_is_a_failure_at_once) {
  asio::io_context io;
  LocalResolver server(io, kSecure);
  const auto address = server.address();
  server.stop();
  ResolverConfig config;
  config.mode = Mode::TrustAd;
  config.server = address;
  auto resolver = UnboundResolver::create(config, io.get_executor());
  ASSERT_TRUE(resolver.has_value());
  dns::RawAnswer answer;
  asio::co_spawn(io, (*resolver)->lookup(*Domain::parse("mx.test"), RecordType::A, Deadline::in(5s)),
                 [&](std::exception_ptr, dns::RawAnswer got) { answer = std::move(got); });
  io.run();
  EXPECT_EQ(answer.failure, Failure::NoResolver);
}

}  // namespace
}  // namespace postseal::resolver
