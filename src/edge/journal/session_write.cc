// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/session_write.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

namespace postseal::journal {

namespace asio = boost::asio;

namespace {

class BlockingWrite final : public Write {
 public:
  explicit BlockingWrite(std::promise<spool::StoreResult<void>> promise)
      : Write(Kind::Barrier), promise_(std::move(promise)) {}
  void settle(spool::StoreResult<void> result) override { promise_.set_value(std::move(result)); }

 private:
  std::promise<spool::StoreResult<void>> promise_;
};

/// Starts the operation: remembers how to resume who waits, and hands the write in.
struct Submit {
  Log* log;
  template <class Handler>
  void operator()(Handler handler, std::unique_ptr<SessionWrite> write) const {
    auto work = asio::make_work_guard(asio::get_associated_executor(handler));
    // The guard stays here until post() has returned: else the io_context could run the handler, end and be destroyed
    // while this thread is still inside it.
    write->answer = [handler = std::move(handler), work = std::move(work)](spool::StoreResult<void> result) mutable {
      asio::post(work.get_executor(),
                 [handler = std::move(handler), result = std::move(result)]() mutable { handler(std::move(result)); });
    };
    log->submit(std::move(write));
  }
};

}  // namespace

void PieceWrite::settle(spool::StoreResult<void> result) {
  if (result) {
    done->piece = BodyPiece{at_segment->number, static_cast<std::uint32_t>(at_offset + kHeaderSize + head.size()),
                            static_cast<std::uint32_t>(body.size()), body_crc};
    done->hold.emplace(at_segment);
  }
  SessionWrite::settle(std::move(result));
}

Awaitable<spool::StoreResult<void>> submit_and_wait(Log& log, std::unique_ptr<SessionWrite> write) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(spool::StoreResult<void>)>(
      Submit{&log}, asio::use_awaitable, std::move(write));
}

spool::StoreResult<void> wait_for_sync(Log& log, std::vector<BodyPiece> pieces, bool make_room) {
  std::promise<spool::StoreResult<void>> promise;
  auto future = promise.get_future();
  auto write = std::make_unique<BlockingWrite>(std::move(promise));
  write->pieces = std::move(pieces);
  write->make_room = make_room;
  log.submit(std::move(write));
  return future.get();
}

}  // namespace postseal::journal
