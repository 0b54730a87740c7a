// SPDX-License-Identifier: Apache-2.0
#include "lab/engine.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "edge/store/policy_cache.h"
#include "flow/outbound/adapters.h"
#include "lab/letter.h"
#include "protocol/message/scan.h"

namespace postseal::lab {

namespace {

constexpr std::string_view kSender = "lab@sender.lab.test";

/// What the wire carries: CRLF everywhere, and at the end.
std::string as_sent(std::string text, message::LineEnds line_ends) {
  if (line_ends == message::LineEnds::Lf) {
    std::string crlf;
    crlf.reserve(text.size() + text.size() / 32);
    for (const char c : text) {
      if (c == '\n') crlf += '\r';
      crlf += c;
    }
    text = std::move(crlf);
  }
  if (!text.ends_with("\r\n")) text += "\r\n";
  return text;
}

Awaitable<std::vector<outbound::DeliveryRecord>> deliver(outbound::Adapters* adapters, outbound::Letter letter,
                                                         outbound::Observer observer) {
  outbound::Outbound out(adapters->services(), adapters->settings(), std::move(observer));
  auto records = co_await out.send(std::move(letter));
  co_await out.close();
  co_return records;
}

outbound::Observer writing_to(std::string& trace) {
  outbound::Observer observer;
  observer.step = [&trace](const std::string& line) { trace += line + "\n"; };
  observer.wire = [&trace](const outbound::WireLine& line) {
    trace +=
        fmt::format("  {} {} {} {}\n", line.host.ascii(), line.tls ? "tls" : "   ", line.sent ? ">" : "<", line.text);
  };
  return observer;
}

}  // namespace

std::expected<Sent, std::string> send_case(const CaseSpec& spec, std::string text, settings::Settings settings) {
  message::Scanner scanner;
  scanner.feed(text);
  const auto facts = scanner.finish();
  if (!facts) return std::unexpected(facts.error().what);

  Sent sent;
  sent.wire = as_sent(std::move(text), facts->line_ends);
  outbound::Letter letter;
  if (!spec.notification) letter.from = *Mailbox::parse(kSender);
  for (const std::string& recipient : spec.recipients) {
    auto mailbox = Mailbox::parse(recipient);
    if (!mailbox) return std::unexpected(fmt::format("{}: {}", recipient, mailbox.error().context));
    letter.recipients.push_back(std::move(*mailbox));
  }
  letter.facts = *facts;
  letter.open = [text = std::string_view(sent.wire)] { return std::make_unique<LetterSource>(text); };
  letter.requiretls = spec.requiretls;

  boost::asio::io_context io(1);
  auto adapters = outbound::Adapters::create(std::move(settings), io.get_executor(),
                                             [&sent](const std::string& line) { sent.trace += line + "\n"; });
  if (!adapters) return std::unexpected(adapters.error());
  std::exception_ptr bug;
  auto work = deliver(adapters->get(), std::move(letter), writing_to(sent.trace));
  boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown, auto records) {
    bug = thrown;
    sent.records = std::move(records);
    io.stop();
  });
  io.run();
  if (bug) std::rethrow_exception(bug);
  return sent;
}

std::expected<void, std::string> apply_case(const CaseSpec& spec, settings::Settings& settings) {
  if (!spec.local_rule.empty()) {
    const auto level = policy::parse_local_level(spec.local_rule);
    if (!level) return std::unexpected(fmt::format("local_rule \"{}\" is no level", spec.local_rule));
    policy::LocalRule rule;
    rule.level = *level;
    rule.match = "*";
    rule.reason = "the case " + spec.name + " asks for it";
    settings.rules.push_back(std::move(rule));
  }
  for (const auto& [key, value] : spec.settings) {
    if (auto done = settings::set(settings, key, value); !done) return std::unexpected(done.error().to_string());
  }
  return {};
}

std::expected<void, std::string> seed_policy_cache(const World& world, const std::string& cache_dir) {
  store::DiskPolicyCache cache(cache_dir + "/mta-sts", [](const std::string&) {});
  const WallTime now = SystemClock().now();
  for (const PolicySpec& spec : world.policies) {
    if (!spec.cached) continue;
    std::string body =
        fmt::format("version: STSv1\r\nmode: {}\r\nmax_age: {}\r\n", spec.cached->mode, spec.cached->max_age);
    for (const std::string& mx : spec.cached->mx) body += fmt::format("mx: {}\r\n", mx);
    auto policy = mtasts::parse_policy(body);
    if (!policy) {
      return std::unexpected(fmt::format("cached policy of {}: {}", spec.domain.ascii(), policy.error().reason));
    }
    mtasts::CacheEntry entry;
    entry.policy = {spec.cached->id, std::move(*policy), now - Seconds(spec.cached->age)};
    cache.save(spec.domain, entry);
    if (!cache.load(spec.domain).policy) {
      return std::unexpected(fmt::format("cannot keep a policy in {}", cache_dir));
    }
  }
  return {};
}

}  // namespace postseal::lab
