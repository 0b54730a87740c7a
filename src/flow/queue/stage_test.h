#pragma once
// SPDX-License-Identifier: Apache-2.0
// A queue on a stage: a store in memory, a courier that says what it is told to, a clock that stands still, and
// somebody who writes down what was seen.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flow/queue/queue.h"
#include "tests/memory_store.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::queue {

inline constexpr WallTime kStart{Seconds{1'800'000'000}};

inline RecipientResult delivered(Security actual = Security::Dane) {
  RecipientResult result;
  result.outcome = DeliveryOutcome::Delivered;
  result.status = {2, 0, 0};
  result.actual = actual;
  result.host = "mx.test";
  return result;
}
inline RecipientResult failed(DeliveryOutcome outcome, Scope scope = Scope::Recipient, std::string why = "greylisted") {
  RecipientResult result;
  result.outcome = outcome;
  result.scope = scope;
  result.status = {static_cast<std::uint16_t>(outcome == DeliveryOutcome::Bounced ? 5 : 4), 2, 1};
  result.host = "mx.test";
  result.explanation = std::move(why);
  return result;
}

class FakeCourier final : public Courier {
 public:
  struct Sent {
    spool::LetterId letter;
    std::string site;
    std::vector<std::string> recipients;
    bool fresh = false, must_have_tls = false;
    std::string rerouted;
  };
  /// What becomes of a recipient, by its address; delivered, if it says nothing.
  std::function<RecipientResult(const Job&, const std::string& recipient)> answer;
  std::map<std::string, std::string> sites;  ///< by destination; else "mx.DESTINATION:25"
  std::set<std::string> silent_sites;        ///< attempts there last until free_all()
  std::set<std::string> unrouted;            ///< destinations whose route takes until free_all()
  std::vector<Sent> sent;
  std::vector<std::string> routes_asked;
  std::size_t routing = 0, most_routing = 0;
  std::map<std::string, std::size_t> under_way, most_under_way;  ///< by site
  bool throws = false;

  Awaitable<Route> find_route(NextHop next_hop) override {
    const std::string key = next_hop.key();
    routes_asked.push_back(key);
    most_routing = std::max(most_routing, ++routing);
    if (unrouted.contains(key)) co_await gate();
    --routing;
    const auto found = sites.find(key);
    const std::string plain = key.starts_with('>') ? key.substr(1) : key;
    co_return Route{found != sites.end() ? found->second : "mx." + plain + ":25",
                    std::chrono::steady_clock::now() + std::chrono::minutes(5)};
  }

  Awaitable<AttemptResult> deliver(Job job) override {
    if (throws) throw std::runtime_error("a bug of the courier");
    Sent seen{job.letter, job.site, {}, job.fresh, false, job.rerouted};
    AttemptResult attempt;
    for (const auto& recipient : job.recipients) {
      const std::string address = job.envelope->recipients[recipient.index].mailbox.to_string();
      seen.recipients.push_back(address);
      most_at_once_ = std::max(most_at_once_, ++at_once_[{job.letter, recipient.index}]);
      seen.must_have_tls |= recipient.must_have_tls;
      auto result = answer ? answer(job, address) : delivered();
      result.index = recipient.index;
      attempt.recipients.push_back(std::move(result));
    }
    attempt.records.push_back("{\"site\":\"" + job.site + "\"}");
    sent.push_back(std::move(seen));
    auto& now_under_way = under_way[job.site];
    most_under_way[job.site] = std::max(most_under_way[job.site], ++now_under_way);
    if (silent_sites.contains(job.site)) co_await gate();
    --now_under_way;
    for (const auto& recipient : job.recipients) --at_once_[{job.letter, recipient.index}];
    co_return attempt;
  }

  void free_all() {
    for (auto* timer : gates_) timer->cancel();
  }

  std::size_t sent_to(const std::string& site) const {
    return static_cast<std::size_t>(std::ranges::count(sent, site, &Sent::site));
  }

 private:
  Awaitable<void> gate() {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, SteadyTime::max());
    gates_.insert(&timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    gates_.erase(&timer);
  }

 public:
  /// The process dies.
  void forget_gates() {
    gates_.clear();
    at_once_.clear();
    under_way.clear();
  }
  /// Attempts for one recipient of one letter.
  std::size_t most_at_once() const { return most_at_once_; }

 private:
  std::set<boost::asio::steady_timer*> gates_;
  std::map<std::pair<spool::LetterId, std::uint32_t>, std::size_t> at_once_;
  std::size_t most_at_once_ = 0;
};

class FakeWitness final : public Witness {
 public:
  std::vector<std::string> lines;
  std::size_t attempts = 0;
  bool quiet = false;

  void attempted(const AttemptSeen& seen) override {
    ++attempts;
    if (quiet) return;
    lines.push_back("attempt " + seen.letter.envelope.recipients[seen.result.index].mailbox.to_string() + " " +
                    std::string(to_string(seen.result.outcome)) + (seen.last ? " last" : ""));
  }
  void notified(const spool::QueuedLetter&, std::string_view kind, spool::LetterId) override {
    lines.push_back("notified " + std::string(kind));
  }
  void double_bounce(const spool::QueuedLetter&, const Mailbox& recipient, std::string_view) override {
    lines.push_back("double-bounce " + recipient.to_string());
  }
  void downgraded(const MailDestination& domain, Security before, WallTime, Security now, bool deferred) override {
    lines.push_back("downgrade " + to_string(domain) + " " + std::string(to_string(before)) + " " +
                    std::string(to_string(now)) + (deferred ? " deferred" : ""));
  }
  void store_failed(std::string_view what, const spool::StoreError&) override {
    lines.push_back("store " + std::string(what));
  }
  void wrong(std::string_view what) override { lines.push_back("wrong " + std::string(what)); }
  void operated(std::string_view operation, spool::LetterId, std::string_view detail) override {
    lines.push_back("operator " + std::string(operation) + " " + std::string(detail));
  }
  void numbers(const QueueNumbers& now) override { last_numbers = now; }
  QueueNumbers last_numbers;

  std::size_t count(std::string_view beginning) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
  }
};

inline Mailbox mailbox(const std::string& text) { return Mailbox::parse(text).value(); }

inline spool::Envelope envelope_to(const std::vector<std::string>& recipients, WallTime received = kStart) {
  spool::Envelope envelope;
  envelope.from = mailbox("sender@ours.test");
  for (const auto& recipient : recipients) envelope.recipients.push_back({mailbox(recipient), "", ""});
  envelope.received = received;
  return envelope;
}

/// Writes down what is committed and marked, in order; can be told to refuse changes.
class ObservedStore final : public spool::Store {
 public:
  explicit ObservedStore(tests::MemoryStore& store) : store_(store) {}
  std::vector<std::string> events;
  bool refuses_changes = false;
  bool waits = true;
  std::function<void()> at_commit;  ///< while it is under way

  std::unique_ptr<spool::Draft> begin() override { return store_.begin(); }
  Awaitable<spool::StoreResult<spool::QueuedLetter>> commit(std::unique_ptr<spool::Draft> draft,
                                                            spool::Envelope envelope) override {
    if (at_commit) at_commit();
    // As a store does it: others work meanwhile, and the process may die on both sides.
    if (waits) co_await boost::asio::post(boost::asio::use_awaitable);
    auto letter = co_await store_.commit(std::move(draft), std::move(envelope));
    if (waits) co_await boost::asio::post(boost::asio::use_awaitable);
    if (letter) events.push_back("commit to " + letter->envelope.recipients[0].mailbox.to_string());
    co_return letter;
  }
  spool::StoreResult<void> change(const spool::LetterChange& change) override {
    if (refuses_changes) return std::unexpected(spool::StoreError{spool::StoreErrorCode::ReadOnly, "read-only"});
    for (const auto& [index, state] : change.states) {
      events.push_back("mark " + std::to_string(index) + " " + std::string(spool::to_string(state.status)));
    }
    return store_.change(change);
  }
  Awaitable<spool::StoreResult<void>> change_durably(spool::LetterChange change) override {
    co_return this->change(change);
  }
  spool::StoreResult<spool::QueuedLetter> load(spool::LetterId id) override { return store_.load(id); }
  message::OpenSource open(spool::LetterId id) override { return store_.open(id); }
  spool::StoreResult<void> for_each(std::function<bool(const spool::QueuedLetter&)> visit) override {
    return store_.for_each(std::move(visit));
  }
  void add_trace(spool::LetterId id, WallTime at, std::string_view json) override { store_.add_trace(id, at, json); }
  spool::StoreResult<std::vector<std::string>> trace(spool::LetterId id) override { return store_.trace(id); }
  void forget_traces_before(WallTime when) override { store_.forget_traces_before(when); }
  spool::StoreResult<void> put_note(std::string_view name, std::string_view value) override {
    return store_.put_note(name, value);
  }
  spool::StoreResult<std::optional<std::string>> note(std::string_view name) override { return store_.note(name); }
  Size size() override { return store_.size(); }

 private:
  tests::MemoryStore& store_;
};

/// Everything but the queue, which may die and come back.
class Stage {
 public:
  tests::MemoryStore store;
  ObservedStore observed{store};
  FakeCourier courier;
  FakeWitness witness;
  tests::StillClock clock{kStart};
  std::optional<boost::asio::io_context> io;
  settings::QueueSettings settings;
  std::chrono::milliseconds arrivals_apart{0};
  std::unique_ptr<Queue> queue;

  Stage() { restart(); }
  ~Stage() { die(); }

  /// As after kill -9: what was under way is gone.
  void restart() {
    die();
    io.emplace();
    queue = std::make_unique<Queue>(
        Services{observed, courier, witness, clock, io->get_executor(), io->get_executor(), {}, arrivals_apart},
        settings, "ours.test");
    if (!queue->load()) throw std::runtime_error("the store cannot be read");
    queue->start();
    run();
  }

  /// Everything that can happen without time passing.
  void run() {
    io->restart();
    while (io->poll() > 0) io->restart();
  }
  void pass(Seconds time) {
    clock.advance(time);
    queue->wake();
    run();
  }
  template <class T>
  T ask(Awaitable<T> question) {
    std::optional<T> result;
    boost::asio::co_spawn(*io, std::move(question), [&](std::exception_ptr bug, T value) {
      if (bug) std::rethrow_exception(bug);
      result.emplace(std::move(value));
    });
    run();
    return std::move(result).value();
  }
  spool::LetterId commit(spool::Envelope envelope) {
    auto letter = tests::run_coroutine(commit_to_store(&store, std::move(envelope)));
    const auto id = letter.id;
    queue->accepted(std::move(letter));
    return id;
  }
  spool::LetterId send(spool::Envelope envelope) {
    const auto id = commit(std::move(envelope));
    run();
    return id;
  }
  spool::QueuedLetter letter(spool::LetterId id) {
    for (auto& letter : store.all()) {
      if (letter.id == id) return letter;
    }
    throw std::runtime_error("no such letter");
  }
  spool::RecipientState state(spool::LetterId id, std::size_t recipient = 0) { return letter(id).states.at(recipient); }

 private:
  void die() {
    queue.reset();
    io.reset();
    courier.forget_gates();
  }
  static Awaitable<spool::QueuedLetter> commit_to_store(spool::Store* store, spool::Envelope envelope) {
    auto draft = store->begin();
    (void)co_await draft->append("From: sender@ours.test\r\nSubject: hello\r\n\r\nbody\r\n");
    co_return (co_await store->commit(std::move(draft), std::move(envelope))).value();
  }
};

}  // namespace postseal::queue
