// SPDX-License-Identifier: Apache-2.0
#include "edge/resolver/resolver.h"

#include <sys/mman.h>
#include <unbound.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <mutex>
#include <utility>

#include "edge/resolver/ad_stub.h"
#include "edge/resolver/trust_anchor.h"
#include "edge/resolver/unbound_answer.h"
#include "edge/resolver/unbound_options.h"

namespace postseal::resolver {
namespace {

namespace asio = boost::asio;

constexpr int kInternetClass = 1;

/// libunbound's contexts share what they should not: the locks that making, starting and deleting one sets up and
/// destroys, and the parser of configuration files. One thread at a time does any of that, in the whole program.
std::mutex& library_globals() {
  static std::mutex guard;
  return guard;
}

struct DeleteContext {
  void operator()(ub_ctx* context) const {
    const std::lock_guard lock(library_globals());
    ub_ctx_delete(context);
  }
};
using Context = std::unique_ptr<ub_ctx, DeleteContext>;

Context make_context() {
  const std::lock_guard lock(library_globals());
  return Context(ub_ctx_create());
}

/// Some options can be given only by a file. This one has no name, so that nothing is left behind.
std::expected<void, std::string> apply_options(ub_ctx* context, const std::string& text) {
  const int file = ::memfd_create("postseal-unbound.conf", MFD_CLOEXEC);
  if (file < 0) return std::unexpected("the resolver cannot be configured: memfd_create failed");
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int error = 0;
  {
    const std::lock_guard lock(library_globals());
    error = ub_ctx_config(context, ("/proc/self/fd/" + std::to_string(file)).c_str());
  }
  ::close(file);
  if (!written || error != 0) {
    return std::unexpected(std::string("the resolver cannot be configured: libunbound: ") + ub_strerror(error) +
                           "; is /proc mounted, and libunbound 1.17 or newer installed?");
  }
  return {};
}

std::expected<void, std::string> add_anchor(ub_ctx* context, const ResolverConfig& config) {
  if (config.trust_anchor == "none") return {};
  if (auto good = check_trust_anchor(config.trust_anchor); !good) return good;
  int error = 0;
  if (config.state_dir.empty()) {
    error = ub_ctx_add_ta_file(context, config.trust_anchor.c_str());
  } else {
    auto kept = keep_trust_anchor(config.trust_anchor, config.state_dir);
    if (!kept) return std::unexpected(kept.error());
    error = ub_ctx_add_ta_autr(context, kept->c_str());
  }
  if (error != 0) return std::unexpected("trust anchor file " + config.trust_anchor + ": " + ub_strerror(error));
  return {};
}

/// libunbound reads anchors with the first question only. Touching its local data makes it do so now.
std::expected<void, std::string> finalize(ub_ctx* context, const ResolverConfig& config) {
  const std::lock_guard lock(library_globals());
  const int error = ub_ctx_data_remove(context, "postseal.invalid.");
  if (error == 0) return {};
  if (error == UB_INITFAIL && config.trust_anchor != "none") {
    return std::unexpected("trust anchor file " + config.trust_anchor +
                           " does not parse: write DS or DNSKEY records in zone format, as /usr/share/dns/root.key has"
                           " them, or use \"none\" to validate nothing");
  }
  return std::unexpected(std::string("the resolver does not start: libunbound: ") + ub_strerror(error));
}

std::expected<void, std::string> check(const ResolverConfig& config) {
  if (config.mode == Mode::Iterate) return {};
  if (!config.server) return std::unexpected("the resolver mode needs a server: give resolver.server as ADDRESS:PORT");
  // RFC 7672 §2.1.3, RFC 4035 §4.9.3 MUST NOT (D46, A08): an AD bit that crossed a network proves nothing.
  if (config.mode == Mode::TrustAd && !config.server->address.is_loopback()) {
    return std::unexpected("the AD bit of " + config.server->address.to_string() +
                           " cannot be trusted: anybody between here and there can set it; use a validating resolver"
                           " on loopback, or forward to it and validate here");
  }
  return {};
}

}  // namespace

struct UnboundResolver::Impl : std::enable_shared_from_this<Impl> {
  Impl(Context given, asio::any_io_executor executor)
      : context(std::move(given)), readable(executor, ub_fd(context.get())) {}

  ~Impl() {
    // The descriptor belongs to libunbound.
    readable.release();
  }

  /// Waits for answers as long as there are questions, so that an idle resolver does not keep an io_context running.
  void watch() {
    if (watching || questions == 0) return;
    watching = true;
    readable.async_wait(asio::posix::stream_descriptor::wait_read,
                        [weak = weak_from_this()](const boost::system::error_code& error) {
                          const auto self = weak.lock();
                          if (!self) return;
                          self->watching = false;
                          if (!error && ub_process(self->context.get()) != 0) self->broken = true;
                          if (!self->broken) self->watch();
                        });
  }

  Context context;
  asio::posix::stream_descriptor readable;
  std::size_t questions = 0;
  bool watching = false;
  std::optional<ServerAddress> trusted;  ///< TrustAd: this server is asked instead of libunbound
  Informant informant = Informant::NameServers;
  bool broken = false;  ///< the pipe to libunbound's thread is gone
};

namespace {

/// One question under way. Lives in its coroutine: when that is gone, libunbound forgets the question.
template <class Impl>
class Question {
 public:
  Question(std::shared_ptr<Impl> impl, const asio::any_io_executor& executor) : bell(executor), impl_(std::move(impl)) {
    ++impl_->questions;
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (asked && !answered) ub_cancel(impl_->context.get(), id);
    ub_resolve_free(result);
    if (--impl_->questions == 0 && impl_->watching) {
      boost::system::error_code ignored;
      impl_->readable.cancel(ignored);
    }
  }

  static void on_answer(void* data, int error, ub_result* result) {
    auto* self = static_cast<Question*>(data);
    self->answered = true;
    self->error = error;
    self->result = result;
    self->bell.cancel();
  }

  asio::steady_timer bell;  ///< rings at the deadline, or is cancelled by the answer
  bool asked = false;
  bool answered = false;
  int id = 0;
  int error = 0;
  ub_result* result = nullptr;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace

UnboundResolver::UnboundResolver(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
UnboundResolver::~UnboundResolver() = default;

std::expected<std::unique_ptr<UnboundResolver>, std::string> UnboundResolver::create(ResolverConfig config,
                                                                                     asio::any_io_executor executor) {
  if (auto good = check(config); !good) return std::unexpected(good.error());
  // Somebody else validates: anchors of our own mean nothing.
  if (config.mode == Mode::TrustAd) config.trust_anchor = "none";
  Context context = make_context();
  if (!context) return std::unexpected("the resolver does not start: libunbound has no memory or no random numbers");
  // Reasons reach people through answers; the log is for those who ask for it.
  ub_ctx_debugout(context.get(), config.verbosity > 0 ? stderr : nullptr);
  if (auto good = apply_options(context.get(), unbound_options(config)); !good) return std::unexpected(good.error());
  if (auto good = add_anchor(context.get(), config); !good) return std::unexpected(good.error());
  // A thread of libunbound's own; otherwise it forks, and a copy of this process would hold all its sockets.
  ub_ctx_async(context.get(), 1);
  if (auto good = finalize(context.get(), config); !good) return std::unexpected(good.error());
  auto impl = std::make_shared<Impl>(std::move(context), std::move(executor));
  if (config.mode == Mode::TrustAd) impl->trusted = config.server;
  if (forwards(config)) impl->informant = Informant::Resolver;
  return std::unique_ptr<UnboundResolver>(new UnboundResolver(std::move(impl)));
}

Awaitable<dns::RawAnswer> UnboundResolver::lookup(Domain name, dns::RecordType type, Deadline deadline) {
  const auto impl = impl_;
  if (impl->trusted) co_return co_await ask_with_ad(*impl->trusted, name, type, deadline);
  if (impl->broken) {
    co_return failed_answer(name, dns::Failure::NoResolver, "the resolver's thread has ended: restart the program");
  }
  Question<Impl> question(impl, impl->readable.get_executor());
  const std::string text = name.ascii() + ".";
  const int error = ub_resolve_async(impl->context.get(), text.c_str(), static_cast<int>(type), kInternetClass,
                                     &question, &Question<Impl>::on_answer, &question.id);
  if (error != 0) {
    co_return failed_answer(name, dns::Failure::NoResolver, std::string("libunbound: ") + ub_strerror(error));
  }
  question.asked = true;
  impl->watch();
  // A dead authority keeps libunbound busy for 17 seconds and more: our own deadline bounds the wait (pitfall 12).
  question.bell.expires_at(deadline.at);
  const auto [woken] = co_await question.bell.async_wait(asio::as_tuple(asio::use_awaitable));
  if (question.answered) co_return answer_of(name, impl->informant, question.error, question.result);
  if (woken) co_return failed_answer(name, dns::Failure::Cancelled, "the lookup was cancelled");
  co_return failed_answer(name, dns::Failure::Timeout, "no name server responsible for it answered in time");
}

}  // namespace postseal::resolver
