// SPDX-License-Identifier: Apache-2.0
// libunbound as we set it up, against name servers that answer as no honest one would, and against forgers.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <set>

#include "edge/resolver/resolver.h"
#include "protocol/dns/records.h"
#include "tests/fake_resolver.h"
#include "tests/raw_name_server.h"

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using dns::AnswerState;
using dns::Failure;
using dns::RecordType;
using tests::nothing_there;
using tests::RawMessage;
using tests::RawNameServer;
using tests::RawQuery;
using tests::RawReply;
using tests::wire_name;

const IpAddress kLoopback = IpAddress::v4({127, 0, 0, 1});
const Bytes kTrue = {192, 0, 2, 1}, kForged = {192, 0, 2, 66};
constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kMx = 15, kAaaa = 28, kTlsa = 52;

Domain name(const std::string& text) { return *Domain::parse_dns(text); }

/// A resolver for whom each of these servers has one zone.
class Asker {
 public:
  explicit Asker(std::vector<std::pair<std::string, std::uint16_t>> zones) {
    ResolverConfig config;
    config.trust_anchor = "none";
    config.lab = true;
    for (const auto& [zone, port] : zones) config.stubs.push_back({name(zone), {kLoopback, port}});
    create(config);
  }
  /// One that forwards everything.
  explicit Asker(std::uint16_t port) {
    ResolverConfig config;
    config.mode = Mode::Forward;
    config.server = ServerAddress{kLoopback, port};
    config.trust_anchor = "none";
    config.lab = true;
    create(config);
  }

  dns::RawAnswer ask(const std::string& question, RecordType type, std::chrono::milliseconds patience = 5s) {
    std::vector<dns::RawAnswer> answers = ask_all({question}, type, patience);
    return answers.front();
  }
  std::vector<dns::RawAnswer> ask_all(const std::vector<std::string>& questions, RecordType type,
                                      std::chrono::milliseconds patience = 5s) {
    std::vector<dns::RawAnswer> answers(questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
      asio::co_spawn(io_, resolver_->lookup(name(questions[i]), type, Deadline::in(patience)),
                     [&answers, i](std::exception_ptr, dns::RawAnswer got) { answers[i] = std::move(got); });
    }
    io_.restart();
    io_.run();
    return answers;
  }

 private:
  void create(ResolverConfig config) {
    auto made = UnboundResolver::create(std::move(config), io_.get_executor());
    if (!made) throw std::runtime_error(made.error());
    resolver_ = std::move(*made);
  }

  asio::io_context io_;
  std::unique_ptr<UnboundResolver> resolver_;
};

/// "found", "nodata", "malformed", "timeout", ...
std::string worth(const dns::RawAnswer& answer) {
  return dns::describe(answer.state, answer.secure, answer.failure) + (answer.why.empty() ? "" : ": " + answer.why);
}

// ---- Off the path (A32) ----

TEST(HostileServer, A32_every_question_has_a_port_and_an_id_that_nobody_can_guess) {
  RawNameServer server([](const RawQuery& query) { return RawMessage(query).answer(kA, kTrue); });
  Asker asker({{"d.test", server.port()}});
  constexpr std::size_t kQuestions = 300;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    EXPECT_TRUE(asker.ask("h" + std::to_string(i) + ".d.test", RecordType::A).found());
  }
  std::set<std::uint16_t> ports, ids;
  std::set<int> steps;
  std::optional<std::uint16_t> last;
  for (const RawQuery& query : server.asked()) {
    ports.insert(query.port);
    ids.insert(query.id);
    if (last) steps.insert(query.port - *last);
    last = query.port;
  }
  ASSERT_GE(server.asked().size(), kQuestions);
  // 300 of 65,000: hardly ever the same one twice, and no way from one to the next.
  EXPECT_GT(ports.size(), kQuestions * 95 / 100);
  EXPECT_GT(ids.size(), kQuestions * 95 / 100);
  EXPECT_GT(steps.size(), kQuestions * 90 / 100);
  EXPECT_GT(*ports.rbegin() - *ports.begin(), 40000) << "from a small range";
}

struct Forger {
  const char* what;
  std::function<std::vector<RawReply>(const RawQuery&)> forge;
  bool truth_wins;  ///< else the lookup may fail, but is not deceived
};

std::vector<RawReply> forged_ids(const RawQuery& query, unsigned count) {
  std::vector<RawReply> out;
  for (unsigned i = 1; i <= count; ++i) {
    out.push_back({RawMessage(query).answer(kA, kForged).id(static_cast<std::uint16_t>(query.id + i)).bytes()});
  }
  return out;
}

std::vector<Forger> forgers() {
  const auto forged = [](const RawQuery& query) { return RawMessage(query).answer(kA, kForged); };
  return {
      {"100 wrong ids from the right port", [](const RawQuery& query) { return forged_ids(query, 100); }, true},
      // The true answer may not fit into the socket's buffer any more.
      {"all wrong ids from the right port", [](const RawQuery& query) { return forged_ids(query, 65535); }, false},
      {"the right id from another port",
       [=](const RawQuery& query) {
         return std::vector<RawReply>(50, {forged(query).bytes(), RawReply::From::OtherPort});
       },
       true},
      {"the right id and port from another address",
       [=](const RawQuery& query) {
         return std::vector<RawReply>(50, {forged(query).bytes(), RawReply::From::OtherAddress});
       },
       true},
      {"the right id and place for another name",
       [=](const RawQuery& query) {
         RawQuery other = query;
         other.packet[13] ^= 0x01;
         return std::vector<RawReply>{{forged(other).bytes()}};
       },
       false},
      {"the right id and place for another type",
       [=](const RawQuery& query) {
         Bytes packet = forged(query).bytes();
         packet[12 + query.name.size() + 3] = kMx;
         return std::vector<RawReply>{{packet}};
       },
       false},
      {"a question sent back",
       [=](const RawQuery& query) {
         Bytes packet = forged(query).bytes();
         packet[2] &= 0x7f;
         return std::vector<RawReply>{{packet}};
       },
       false},
  };
}

TEST(HostileServer, A31_A32_what_is_no_answer_to_the_question_is_not_believed) {
  for (const Forger& forger : forgers()) {
    for (const bool truth_follows : {true, false}) {
      RawNameServer server([&](const RawQuery& query) {
        auto replies = forger.forge(query);
        if (truth_follows) replies.push_back({RawMessage(query).answer(kA, kTrue).bytes()});
        return replies;
      });
      Asker asker({{"d.test", server.port()}});
      const auto answer = asker.ask("host.d.test", RecordType::A, truth_follows ? 5000ms : 300ms);
      const std::string what = std::string(forger.what) + ": " + worth(answer);
      if (truth_follows && forger.truth_wins) {
        ASSERT_TRUE(answer.found()) << what;
      } else if (!truth_follows) {
        EXPECT_TRUE(answer.unknown()) << what;
      }
      for (const Bytes& record : answer.records) EXPECT_EQ(record, kTrue) << what;
    }
  }
}

// ---- Broken answers ----

struct Broken {
  const char* what;
  RecordType type;
  std::function<std::vector<RawReply>(const RawQuery&)> reply;
};

Bytes with_tail(Bytes bytes, std::initializer_list<int> tail) {
  for (const int octet : tail) bytes.push_back(static_cast<std::uint8_t>(octet));
  return bytes;
}

/// The reply says to have one record in the answer section, and these octets follow.
std::vector<RawReply> one_record(const RawQuery& query, std::initializer_list<int> octets) {
  Bytes bytes = RawMessage(query).bytes();
  bytes[7] = 1;
  return {{with_tail(std::move(bytes), octets)}};
}

int low(std::size_t offset) { return static_cast<int>(offset & 0xff); }

std::vector<Broken> broken_answers() {
  const auto rdata = [](std::uint16_t type, Bytes data) {
    return [type, data = std::move(data)](const RawQuery& query) -> std::vector<RawReply> {
      return RawMessage(query).answer(type, data);
    };
  };
  return {
      {"an owner that points to itself", RecordType::A,
       [](const RawQuery& query) {
         const int here = low(RawMessage(query).bytes().size());
         return one_record(query, {0xc0, here, 0, kA, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 66});
       }},
      {"two owners that point to each other", RecordType::A,
       [](const RawQuery& query) {
         const int here = low(RawMessage(query).bytes().size());
         return one_record(query, {0xc0, here + 2, 0xc0, here, 0, kA, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 66});
       }},
      {"an owner that points behind the end", RecordType::A,
       [](const RawQuery& query) {
         return one_record(query, {0xff, 0xff, 0, kA, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 66});
       }},
      {"an alias that points to itself", RecordType::A,
       [](const RawQuery& query) {
         const int here = low(RawMessage(query).bytes().size() + 12);
         return one_record(query, {0xc0, 12, 0, kCname, 0, 1, 0, 0, 1, 44, 0, 2, 0xc0, here});
       }},
      {"an MX record whose name points to itself", RecordType::MX,
       [](const RawQuery& query) {
         const int here = low(RawMessage(query).bytes().size() + 14);
         return one_record(query, {0xc0, 12, 0, kMx, 0, 1, 0, 0, 1, 44, 0, 4, 0, 10, 0xc0, here});
       }},
      {"data longer than the message", RecordType::A,
       [](const RawQuery& query) {
         return one_record(query, {0xc0, 12, 0, kA, 0, 1, 0, 0, 1, 44, 0xff, 0xff, 192, 0, 2, 66});
       }},
      {"a label type that nobody knows", RecordType::A,
       [](const RawQuery& query) { return one_record(query, {0x80, 12, 0, kA, 0, 1, 0, 0, 1, 44, 0, 0}); }},
      {"an address of three octets", RecordType::A, rdata(kA, {192, 0, 2})},
      {"an address of five octets", RecordType::A, rdata(kA, {192, 0, 2, 1, 1})},
      {"an address of none", RecordType::A, rdata(kA, {})},
      {"half an IPv6 address", RecordType::AAAA, rdata(kAaaa, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1})},
      {"an MX record of one octet", RecordType::MX, rdata(kMx, {0})},
      {"an MX record without a name", RecordType::MX, rdata(kMx, {0, 10})},
      {"an MX record that ends within its name", RecordType::MX, rdata(kMx, {0, 10, 4, 'h', 'o'})},
      {"an MX record with something behind its name", RecordType::MX, rdata(kMx, {0, 10, 1, 'h', 0, 7})},
      {"a TLSA record of two octets", RecordType::TLSA, rdata(kTlsa, {3, 1})},
      {"a TLSA record of none", RecordType::TLSA, rdata(kTlsa, {})},
      {"an answer that counts more records than it has", RecordType::A,
       [](const RawQuery& query) -> std::vector<RawReply> {
         Bytes bytes = RawMessage(query).answer(kA, kForged).bytes();
         bytes[7] = 200;
         return {{bytes}};
       }},
      {"a header and nothing else", RecordType::A,
       [](const RawQuery& query) -> std::vector<RawReply> {
         Bytes bytes = RawMessage(query).bytes();
         bytes.resize(12);
         return {{bytes}};
       }},
      {"half a header", RecordType::A,
       [](const RawQuery& query) -> std::vector<RawReply> {
         Bytes bytes = RawMessage(query).bytes();
         bytes.resize(6);
         return {{bytes}};
       }},
  };
}

/// What delivery sees, after the parser of the type.
bool unknown_to_delivery(const dns::RawAnswer& raw, RecordType type) {
  if (raw.unknown()) return true;
  if (type == RecordType::MX) return dns::parse_mx(raw).unknown();
  if (type == RecordType::TLSA) return dns::parse_tlsa(raw).unknown();
  return dns::parse_addresses(raw).unknown();
}

TEST(HostileServer, A31_D08_a_broken_answer_is_unknown_and_never_no_records) {
  for (const Broken& broken : broken_answers()) {
    RawNameServer server(broken.reply);
    Asker asker({{"d.test", server.port()}});
    const auto answer = asker.ask("d.test", broken.type, 300ms);
    EXPECT_TRUE(unknown_to_delivery(answer, broken.type)) << broken.what << ": " << worth(answer);
    EXPECT_FALSE(server.asked().empty()) << broken.what;
  }
}

TEST(HostileServer, A31_D49_truncated_without_tcp_is_a_failure_and_never_no_records) {
  const auto with_part = [](const RawQuery& query) { return RawMessage(query).answer(kMx, with_tail({0, 10}, {0})); };
  RawNameServer empty([](const RawQuery& query) { return RawMessage(query).truncated(); });
  RawNameServer partly([&](const RawQuery& query) { return with_part(query).truncated(); });
  for (const RawNameServer* server : {&empty, &partly}) {
    Asker iterating({{"d.test", server->port()}});
    Asker forwarding(server->port());
    for (Asker* asker : {&iterating, &forwarding}) {
      const auto answer = asker->ask("d.test", RecordType::MX, 1s);
      EXPECT_EQ(answer.state, AnswerState::Failed) << worth(answer);
    }
  }
}

TEST(HostileServer, A31_a_referral_is_no_answer_from_a_resolver_either) {
  // RFC 2308 §2.2: a referral has NS records like the shortest form of "no data", but is none.
  RawNameServer server([](const RawQuery& query) {
    return RawMessage(query).lame().authority("d.test", kNs, wire_name("ns.elsewhere.test"));
  });
  Asker asker(server.port());
  const auto answer = asker.ask("d.test", RecordType::MX, 1s);
  EXPECT_TRUE(answer.unknown()) << worth(answer);
}

TEST(HostileServer, A31_records_that_nobody_asked_for_are_not_remembered) {
  RawNameServer villain([](const RawQuery& query) {
    return RawMessage(query)
        .answer(kA, kTrue)
        .authority("victim.test", kNs, wire_name("ns.d.test"))
        .additional("ns.d.test", kA, kForged)
        .additional("mx.victim.test", kA, kForged);
  });
  RawNameServer victim([](const RawQuery& query) { return RawMessage(query).answer(kA, kTrue); });
  Asker asker({{"d.test", villain.port()}, {"victim.test", victim.port()}});
  EXPECT_TRUE(asker.ask("host.d.test", RecordType::A).found());
  const auto answer = asker.ask("mx.victim.test", RecordType::A);
  ASSERT_TRUE(answer.found()) << worth(answer);
  EXPECT_EQ(answer.records.front(), kTrue);
}

// ---- NXNSAttack: a referral to hundreds of names below a victim's zone ----

std::vector<RawReply> fan_out(const RawQuery& query, const std::string& zone, int servers) {
  RawMessage referral(query);
  referral.lame();
  for (int i = 0; i < servers; ++i) {
    referral.authority(zone, kNs, wire_name("n" + std::to_string(i) + "." + query.name + ".victim.test"));
  }
  return referral;
}

struct Victim {
  const char* what;
  RawNameServer::Behaviour behaviour;
  std::size_t at_most;  ///< questions for one lookup
};

std::vector<Victim> victims() {
  return {
      {"says that there are no such names", [](const RawQuery& query) { return nothing_there(query, "victim.test"); },
       40},
      {"says that these names have no address",
       [](const RawQuery& query) { return nothing_there(query, "victim.test", 0); }, 40},
      {"fails", [](const RawQuery& query) { return RawMessage(query, 2); }, 120},
      {"is silent", [](const RawQuery&) { return std::vector<RawReply>(); }, 60},
  };
}

TEST(HostileServer, A31_a_referral_to_hundreds_of_a_victims_names_costs_the_victim_a_few_questions) {
  for (const Victim& spec : victims()) {
    RawNameServer victim(spec.behaviour);
    RawNameServer attacker([](const RawQuery& query) { return fan_out(query, "sub.attack.test", 400); });
    Asker asker({{"attack.test", attacker.port()}, {"victim.test", victim.port()}});
    const auto start = std::chrono::steady_clock::now();
    const auto answer = asker.ask("mx.sub.attack.test", RecordType::A, 2s);
    EXPECT_TRUE(answer.unknown()) << spec.what << ": " << worth(answer);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s) << spec.what;
    EXPECT_GT(victim.asked().size(), 0U) << spec.what << ": the attack did not take place";
    EXPECT_LE(victim.asked().size(), spec.at_most) << spec.what;
  }
}

}  // namespace
}  // namespace postseal::resolver
