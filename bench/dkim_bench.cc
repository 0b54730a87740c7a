// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dkim vocab
// What a signature costs beside what it cannot cost less than: OpenSSL's operation with the key, set up beforehand, and
// SHA-256 once over the octets of the message. Both are measured in turn in the same run, in CPU time of the thread:
// of_raw is the part of the raw speed that is reached.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <time.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "protocol/dkim/sign.h"
#include "protocol/dkim/verify.h"

namespace {

using namespace postseal;
using dkim::KeyType;

constexpr int kBatch = 16;
constexpr WallTime kNow{Seconds(1'700'000'000)};

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

enum class Kind {
  Words,  ///< lines of words with blanks to be canonicalised in each
  Mixed,  ///< a page of words, and what is large is an attachment in base64
};

/// A letter of this size with fifteen fields.
std::string letter(std::size_t size, Kind kind) {
  std::string text =
      "Received: from mail.example.net (mail.example.net [192.0.2.1])\r\n\tby mx.example.org with ESMTPS id "
      "4Xabc12345\r\n"
      "\tfor <bob@example.org>; Fri, 10 Nov 2023 12:00:02 +0000\r\n"
      "Received: from [198.51.100.7] (client.example.net [198.51.100.7])\r\n\tby mail.example.net with ESMTPSA id "
      "abc\r\n"
      "\tfor <bob@example.org>; Fri, 10 Nov 2023 12:00:01 +0000\r\n"
      "From: \"Alice Example\" <alice@example.org>\r\nTo: Bob Example <bob@example.net>\r\n"
      "Cc: Carol <carol@example.com>,\r\n\tDave <dave@example.com>\r\n"
      "Subject: Re: the figures of the third quarter, and what follows from them\r\n"
      "Date: Fri, 10 Nov 2023 12:00:00 +0000\r\nMessage-ID: <20231110120000.12345.67890@client.example.net>\r\n"
      "In-Reply-To: <20231109110000.4711@example.com>\r\nReferences: <20231109110000.4711@example.com>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n"
      "User-Agent: Mail/1.0\r\nX-Mailer: none\r\n\r\n";
  for (int line = 0; text.size() + 80 < size; ++line) {
    if (kind == Kind::Mixed && line > 50) {
      text += "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZywgYW5kIGRvZXMgc28u\r\n";
      continue;
    }
    text += "The quick brown fox jumps over the lazy dog, and does so line by line";
    text += line % 8 == 0 ? ".  \r\n" : line % 5 == 0 ? ".\r\n\r\n" : " \tof text.\r\n";
  }
  text.append(size > text.size() + 2 ? size - text.size() - 2 : 0, '.');
  return text + "\r\n";
}

const dkim::SigningKey& key(KeyType type) {
  static const dkim::SigningKey rsa = *dkim::SigningKey::generate(KeyType::Rsa, 2048);
  static const dkim::SigningKey ed25519 = *dkim::SigningKey::generate(KeyType::Ed25519);
  return type == KeyType::Rsa ? rsa : ed25519;
}

dkim::SignSettings settings(KeyType type) {
  dkim::SignSettings settings;
  settings.domain = *Domain::parse("example.org");
  settings.selector = "s";
  settings.key = std::make_shared<dkim::SigningKey>(key(type));
  settings.time = kNow;
  return settings;
}

/// As a reader of a socket has them.
template <class Take>
void in_pieces(std::string_view text, Take take) {
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(65536, text.size()))) take(text.substr(0, 65536));
}

/// OpenSSL alone, with everything that can be done beforehand done beforehand, as `openssl speed` does.
class Raw {
 public:
  explicit Raw(KeyType type) : type_(type) {
    const std::string pem = key(type).pem();
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    key_ = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    verify_ = EVP_PKEY_CTX_new(key_, nullptr);
    sign_ = EVP_PKEY_CTX_new(key_, nullptr);
    if (type == KeyType::Rsa) {
      EVP_PKEY_verify_init(verify_);
      EVP_PKEY_CTX_set_signature_md(verify_, EVP_sha256());
      EVP_PKEY_sign_init(sign_);
      EVP_PKEY_CTX_set_signature_md(sign_, EVP_sha256());
    }
    if (type == KeyType::Ed25519) {
      EVP_DigestSignInit(sign_md_, nullptr, nullptr, nullptr, key_);
      EVP_DigestVerifyInit(verify_md_, nullptr, nullptr, nullptr, key_);
    }
    hash("text");
    sign();
  }
  ~Raw() {
    EVP_PKEY_CTX_free(verify_);
    EVP_PKEY_CTX_free(sign_);
    EVP_PKEY_free(key_);
    EVP_MD_CTX_free(md_);
    EVP_MD_CTX_free(sign_md_);
    EVP_MD_CTX_free(verify_md_);
  }
  void hash(std::string_view text) {
    EVP_DigestInit_ex2(md_, sha256_, nullptr);
    EVP_DigestUpdate(md_, text.data(), text.size());
    EVP_DigestFinal_ex(md_, scratch_.data(), nullptr);
  }
  bool sign() {
    size_ = signature_.size();
    if (type_ == KeyType::Rsa) {
      return EVP_PKEY_sign(sign_, signature_.data(), &size_, digest_.data(), digest_.size()) == 1;
    }
    return EVP_DigestSign(sign_md_, signature_.data(), &size_, digest_.data(), digest_.size()) == 1;
  }
  bool verify() {
    if (type_ == KeyType::Rsa) {
      return EVP_PKEY_verify(verify_, signature_.data(), size_, digest_.data(), digest_.size()) == 1;
    }
    return EVP_DigestVerify(verify_md_, signature_.data(), size_, digest_.data(), digest_.size()) == 1;
  }

 private:
  KeyType type_;
  EVP_PKEY* key_ = nullptr;
  EVP_PKEY_CTX *verify_ = nullptr, *sign_ = nullptr;
  EVP_MD* sha256_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX *md_ = EVP_MD_CTX_new(), *sign_md_ = EVP_MD_CTX_new(), *verify_md_ = EVP_MD_CTX_new();
  std::array<unsigned char, 32> digest_{}, scratch_{};
  std::array<unsigned char, 1024> signature_{};
  std::size_t size_ = 0;
};

/// DNS whose answer is at hand.
class OneRecord final : public dns::Resolver {
 public:
  explicit OneRecord(const std::string& record) {
    answer_.state = dns::AnswerState::Found;
    Bytes wire;
    for (std::size_t at = 0; at < record.size(); at += 255) {
      const std::string part = record.substr(at, 255);
      wire.push_back(static_cast<std::uint8_t>(part.size()));
      wire.insert(wire.end(), part.begin(), part.end());
    }
    answer_.records.push_back(std::move(wire));
  }
  Awaitable<dns::RawAnswer> lookup(Domain, dns::RecordType, Deadline) override { co_return answer_; }

 private:
  dns::RawAnswer answer_;
};

Awaitable<void> run_here(std::function<void()> work) {
  work();
  co_return;
}

Awaitable<int> verify_batch(const std::string& message, dns::Resolver& resolver) {
  int passed = 0;
  for (int i = 0; i < kBatch; ++i) {
    auto pass = std::make_shared<dkim::MessagePass>();
    in_pieces(message, [&](std::string_view piece) { pass->feed(piece); });
    pass->finish();
    const auto verdicts = co_await dkim::verify(pass, resolver, run_here, kNow, Deadline::in(Seconds(5)));
    passed += verdicts.size() == 1 && verdicts[0].result == dkim::Result::Pass ? 1 : 0;
  }
  co_return passed;
}

template <class Ours, class Theirs>
void in_turn(benchmark::State& state, Ours ours, Theirs theirs) {
  double our_time = 0, raw_time = 0;
  for (auto _ : state) {
    const double begin = thread_seconds();
    if (!ours()) state.SkipWithError("a signature did not come out as it should");
    const double middle = thread_seconds();
    if (!theirs()) state.SkipWithError("OpenSSL did not agree with itself");
    const double end = thread_seconds();
    state.SetIterationTime(middle - begin);
    our_time += middle - begin;
    raw_time += end - middle;
  }
  state.counters["of_raw"] = raw_time / our_time;
  state.counters["us"] = our_time / static_cast<double>(state.iterations()) / kBatch * 1e6;
  state.counters["raw_us"] = raw_time / static_cast<double>(state.iterations()) / kBatch * 1e6;
}

void verify(benchmark::State& state, KeyType type, dkim::Canonicalization body, Kind kind = Kind::Mixed) {
  const std::string text = letter(static_cast<std::size_t>(state.range(0)), kind);
  dkim::SignSettings with = settings(type);
  with.canonicalization.body = body;
  dkim::Signer signer({with});
  signer.feed(text);
  const std::string message = *signer.finish() + text;
  OneRecord resolver(key(type).record());
  Raw raw(type);
  boost::asio::io_context io;
  in_turn(
      state,
      [&] {
        int passed = 0;
        boost::asio::co_spawn(io, verify_batch(message, resolver),
                              [&](std::exception_ptr, int count) { passed = count; });
        io.restart();
        io.run();
        return passed == kBatch;
      },
      [&] {
        int passed = 0;
        for (int i = 0; i < kBatch; ++i) {
          raw.hash(message);
          passed += raw.verify() ? 1 : 0;
        }
        return passed == kBatch;
      });
}

void sign(benchmark::State& state, KeyType type, dkim::Canonicalization body) {
  const std::string text = letter(static_cast<std::size_t>(state.range(0)), Kind::Mixed);
  dkim::SignSettings with = settings(type);
  with.canonicalization.body = body;
  Raw raw(type);
  in_turn(
      state,
      [&] {
        int done = 0;
        for (int i = 0; i < kBatch; ++i) {
          dkim::Signer signer({with});
          in_pieces(text, [&](std::string_view piece) { signer.feed(piece); });
          done += signer.finish().has_value() ? 1 : 0;
        }
        return done == kBatch;
      },
      [&] {
        int done = 0;
        for (int i = 0; i < kBatch; ++i) {
          raw.hash(text);
          done += raw.sign() ? 1 : 0;
        }
        return done == kBatch;
      });
}

using enum dkim::Canonicalization;
#define DKIM_BENCH(what, type, name, body) \
  BENCHMARK_CAPTURE(what, name, KeyType::type, body)->Arg(4096)->Arg(1 << 20)->UseManualTime()
DKIM_BENCH(verify, Rsa, rsa_2048_relaxed, Relaxed);
DKIM_BENCH(verify, Rsa, rsa_2048_simple, Simple);
BENCHMARK_CAPTURE(verify, rsa_2048_relaxed_words, KeyType::Rsa, Relaxed, Kind::Words)->Arg(1 << 20)->UseManualTime();
DKIM_BENCH(verify, Ed25519, ed25519_relaxed, Relaxed);
DKIM_BENCH(verify, Ed25519, ed25519_simple, Simple);
DKIM_BENCH(sign, Rsa, rsa_2048_relaxed, Relaxed);
DKIM_BENCH(sign, Rsa, rsa_2048_simple, Simple);
DKIM_BENCH(sign, Ed25519, ed25519_relaxed, Relaxed);
DKIM_BENCH(sign, Ed25519, ed25519_simple, Simple);

}  // namespace
