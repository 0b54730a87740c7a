// SPDX-License-Identifier: Apache-2.0
#include "flow/inbound/reception.h"

#include "flow/inbound/trace_header.h"

namespace postseal::inbound {

namespace {
/// Gathered before the store is told, so that it is not asked for every line.
constexpr std::size_t kGathered = 32 * 1024;
}  // namespace

Reception::Reception(spool::Store& store, Editing editing, WallTime now, std::string_view hostname)
    : store_(store),
      draft_(store.begin()),
      id_(draft_->id()),
      editor_(editing, editing == Editing::Complete ? format_date(now) : "",
              editing == Editing::Complete ? id_.to_string() + "@" + std::string(hostname) : "") {}

Awaitable<void> Reception::flush() {
  if (!failure_ && !pending_.empty()) {
    auto appended = co_await draft_->append(pending_);
    if (!appended) failure_ = std::move(appended.error());
  }
  pending_.clear();
}

void Reception::show_from(std::size_t begin) {
  if (reader_) reader_(std::string_view(pending_).substr(begin));
}

Awaitable<void> Reception::take(std::string_view piece) {
  if (failure_) co_return;
  const std::size_t begin = pending_.size();
  editor_.feed(piece, pending_);
  show_from(begin);
  if (pending_.size() >= kGathered) co_await flush();
}

Awaitable<void> Reception::finish() {
  if (failure_) co_return;
  const std::size_t begin = pending_.size();
  editor_.finish(pending_);
  show_from(begin);
  co_await flush();
}

Awaitable<spool::StoreResult<spool::QueuedLetter>> Reception::commit(spool::Envelope envelope, bool trusted,
                                                                     std::string in_front) {
  if (!failure_ && !in_front.empty()) {
    auto put = co_await draft_->put_in_front(std::move(in_front));
    if (!put) failure_ = std::move(put.error());
  }
  if (failure_) co_return std::unexpected(*failure_);
  // RFC 8689 §4.1 (X07): REQUIRETLS outweighs the header field.
  envelope.tls_required_no = editor_.tls_required_no() && !envelope.requiretls;
  envelope.only_if_verified = trusted && editor_.only_if_verified();
  envelope.message_id = editor_.message_id();
  co_return co_await store_.commit(std::move(draft_), std::move(envelope));
}

}  // namespace postseal::inbound
