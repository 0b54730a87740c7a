#pragma once
// SPDX-License-Identifier: Apache-2.0
// For this room's tests: a folder that goes away, letters with bytes that can be told apart, a spool to play with.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "edge/journal/spool.h"
#include "tests/run_coroutine.h"

namespace postseal::journal {

class Folder {
 public:
  Folder() {
    // In memory where there is such a place: what a power cut takes is played by FaultyDisk, not by the real one.
    const std::filesystem::path memory = "/dev/shm";
    std::string name =
        ((std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) / "postseal-XXXXXX")
            .string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string body_of(std::uint64_t seed, std::size_t size) {
  std::string body(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (auto& c : body) {
    state = state * 6364136223846793005 + 1442695040888963407;
    c = static_cast<char>(state >> 56);
  }
  return body;
}

inline spool::Envelope envelope_to(int recipients) {
  spool::Envelope envelope;
  envelope.from = Mailbox::parse("sender@example.org").value();
  for (int i = 0; i < recipients; ++i) {
    envelope.recipients.push_back({Mailbox::parse("user" + std::to_string(i) + "@example.net").value(), "", ""});
  }
  envelope.message_id = "<1@example.org>";
  envelope.peer = "192.0.2.1";
  envelope.received = WallTime(Seconds(1800000000));
  return envelope;
}

inline Awaitable<spool::StoreResult<spool::QueuedLetter>> keep(spool::Store* store, std::string body, int recipients,
                                                               std::string in_front = {}) {
  auto draft = store->begin();
  for (std::size_t at = 0; at < body.size(); at += 5000) {
    auto taken = co_await draft->append(std::string_view(body).substr(at, 5000));
    if (!taken) co_return std::unexpected(taken.error());
  }
  if (!in_front.empty()) {
    auto taken = co_await draft->put_in_front(std::move(in_front));
    if (!taken) co_return std::unexpected(taken.error());
  }
  co_return co_await store->commit(std::move(draft), envelope_to(recipients));
}

inline spool::StoreResult<spool::QueuedLetter> keep_now(spool::Store& store, std::string body, int recipients = 1) {
  return tests::run_coroutine(keep(&store, std::move(body), recipients));
}

/// nullopt: it cannot be opened, or reading fails.
inline std::optional<std::string> read_all(const message::OpenSource& open) {
  auto source = open();
  if (!source) return std::nullopt;
  std::string bytes, buffer(4096, '\0');
  for (;;) {
    const auto got = source->read(buffer);
    if (got < 0) return std::nullopt;
    if (got == 0) return bytes;
    bytes.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

inline spool::LetterChange delivered(spool::LetterId id, std::uint32_t index = 0) {
  spool::RecipientState state;
  state.status = spool::RecipientStatus::Delivered;
  state.attempts = 1;
  state.code = {2, 0, 0};
  return {id, {{index, state}}, std::nullopt, std::nullopt};
}

inline std::map<std::uint64_t, spool::QueuedLetter> all_of(spool::Store& store) {
  std::map<std::uint64_t, spool::QueuedLetter> all;
  std::uint64_t last = 0;
  const auto walked = store.for_each([&](const spool::QueuedLetter& letter) {
    EXPECT_GT(letter.id.value, last);
    last = letter.id.value;
    all.emplace(letter.id.value, letter);
    return true;
  });
  EXPECT_TRUE(walked) << walked.error().what;
  return all;
}

inline SpoolSettings settings_in(const std::string& folder) {
  SpoolSettings settings;
  settings.directory = folder + "/spool";
  settings.segment_size = 256 * 1024;
  settings.small_letter = 16 * 1024;
  settings.tidies_itself = false;
  settings.warn = [](const std::string&) {};
  return settings;
}

inline SpoolSettings settings_in(const Folder& folder) { return settings_in(folder.path()); }

inline std::unique_ptr<Spool> open_or_die(const SpoolSettings& settings) {
  auto spool = open_spool(settings);
  if (!spool) throw std::runtime_error(spool.error().what);
  return std::move(*spool);
}

}  // namespace postseal::journal
