// SPDX-License-Identifier: Apache-2.0
// rooms: edge/journal protocol/spool vocab
// Two ways to keep a letter, on the same work: N sessions that each wait for their letter to be on stable storage, then
// mark it delivered. (a) everything in RocksDB with sync=true, which groups commits itself; (b) the log of
// edge/journal. Set POSTSEAL_BENCH_DIR to a folder on the disk that is to be measured.
// docs/decisions/0007-append-only-log.md has figures.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "edge/journal/spool.h"

namespace postseal {
namespace {

constexpr int kRounds = 100;  // letters of each session

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "store_designs_bench: %s\n", what.c_str());
  std::exit(1);
}

struct Folder {
  std::filesystem::path path;
  Folder() {
    const char* wanted = std::getenv("POSTSEAL_BENCH_DIR");
    std::string name =
        (wanted ? std::filesystem::path(wanted) : std::filesystem::temp_directory_path()) / "bench-XXXXXX";
    if (!::mkdtemp(name.data())) give_up("cannot make " + name);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double written_megabytes() {
  unsigned long long bytes = 0;
  if (std::FILE* file = std::fopen("/proc/self/io", "r")) {
    char line[128];
    while (std::fgets(line, sizeof line, file)) std::sscanf(line, "write_bytes: %llu", &bytes);
    std::fclose(file);
  }
  return static_cast<double>(bytes) / 1e6;
}

spool::Envelope envelope() {
  spool::Envelope envelope;
  envelope.from = Mailbox::parse("sender@example.org").value();
  envelope.recipients = {{Mailbox::parse("user@example.net").value(), "", ""}};
  envelope.message_id = "<20260101.1@example.org>";
  envelope.peer = "192.0.2.1";
  return envelope;
}

spool::LetterChange delivered(spool::LetterId id) {
  spool::RecipientState state;
  state.status = spool::RecipientStatus::Delivered;
  return {id, {{0, state}}, std::nullopt, std::nullopt};
}

void report(benchmark::State& state, double cpu, double written, double letters) {
  state.SetItemsProcessed(static_cast<std::int64_t>(letters));
  state.counters["cpu_us_per_letter"] = cpu / letters * 1e6;
  state.counters["written_per_octet"] = written * 1e6 / (letters * static_cast<double>(state.range(1)));
}

/// (a): a thread for each session, as RocksDB wants it.
void everything_in_rocksdb(benchmark::State& state) {
  const Folder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = 64 << 20;
  options.enable_pipelined_write = true;
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::Open(options, (folder.path / "db").string(), &raw).ok()) give_up("RocksDB does not open");
  const std::unique_ptr<rocksdb::DB> db(raw);
  const std::string body(static_cast<std::size_t>(state.range(1)), 'x'), head(300, 'e');
  const double cpu = cpu_seconds(), written = written_megabytes();
  int round = 0;
  for (auto _ : state) {
    std::vector<std::thread> sessions;
    for (int session = 0; session < state.range(0); ++session) {
      sessions.emplace_back([&, session] {
        for (int i = 0; i < kRounds; ++i) {
          const std::string key = std::to_string(round) + "/" + std::to_string(session) + "/" + std::to_string(i);
          rocksdb::WriteBatch batch;
          batch.Put("e" + key, head);
          batch.Put("b" + key, body);
          rocksdb::WriteOptions synced;
          synced.sync = true;
          if (!db->Write(synced, &batch).ok()) give_up("RocksDB does not write");
          rocksdb::WriteBatch gone;
          gone.Delete("e" + key);
          gone.Delete("b" + key);
          if (!db->Write({}, &gone).ok()) give_up("RocksDB does not delete");
        }
      });
    }
    for (auto& session : sessions) session.join();
    ++round;
  }
  report(state, cpu_seconds() - cpu, written_megabytes() - written,
         static_cast<double>(state.iterations() * state.range(0) * kRounds));
}

Awaitable<void> session(spool::Store* store, const std::string* body) {
  for (int i = 0; i < kRounds; ++i) {
    auto draft = store->begin();
    for (std::size_t at = 0; at < body->size(); at += 16384) {
      if (!co_await draft->append(std::string_view(*body).substr(at, 16384))) give_up("the log does not take a piece");
    }
    const auto letter = co_await store->commit(std::move(draft), envelope());
    if (!letter) give_up(letter.error().what);
    if (!store->change(delivered(letter->id))) give_up("the log does not take a change");
  }
}

/// (b): sessions are coroutines on one thread.
void the_log(benchmark::State& state) {
  const Folder folder;
  journal::SpoolSettings settings;
  settings.directory = folder.path / "spool";
  auto store = journal::open_spool(settings);
  if (!store) give_up(store.error().what);
  const std::string body(static_cast<std::size_t>(state.range(1)), 'x');
  const double cpu = cpu_seconds(), written = written_megabytes();
  const auto syncs = (*store)->syncs();
  for (auto _ : state) {
    boost::asio::io_context io{1};
    for (int i = 0; i < state.range(0); ++i)
      boost::asio::co_spawn(io, session(store->get(), &body), boost::asio::detached);
    io.run();
  }
  const auto letters = static_cast<double>(state.iterations() * state.range(0) * kRounds);
  report(state, cpu_seconds() - cpu, written_megabytes() - written, letters);
  state.counters["letters_per_sync"] = letters / static_cast<double>((*store)->syncs() - syncs);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int size : {4096, 100 * 1024}) {
    for (const int sessions : {20, 100}) bench->Args({sessions, size});
  }
  bench->ArgNames({"sessions", "octets"})->UseRealTime()->MeasureProcessCPUTime()->MinTime(1.5);
}
BENCHMARK(everything_in_rocksdb)->Apply(sizes);
BENCHMARK(the_log)->Apply(sizes);

}  // namespace
}  // namespace postseal
