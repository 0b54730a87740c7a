// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/sasl vocab
// Every mechanism against a client that says anything: each line is one response. Nobody is let in whose password was
// not found right; a step comes only where it can; preparing a password twice changes nothing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/sasl/exchange.h"
#include "protocol/sasl/scram.h"

using namespace postseal::sasl;

namespace {

void must(bool held) {
  if (!held) std::abort();
}

/// RFC 7677 §3, so that a proof can be right.
const ScramKeys& keys() {
  static const ScramKeys kKeys =
      derive_scram_keys("pencil", "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81", 4096);
  return kKeys;
}

std::unique_ptr<Exchange> start(std::uint8_t choice) {
  switch (choice % 4) {
    case 0:
      return start_exchange("PLAIN", {}, false);
    case 1:
      return start_exchange("login", {}, false);
    case 2:
      return start_scram({.plus_offered = (choice & 4) != 0, .nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"});
    default:
      return start_scram({.plus = true,
                          .plus_offered = true,
                          .binding = ChannelBinding{.type = "tls-exporter", .bytes = "x"},
                          .nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::uint8_t choice = data[0];
  std::string_view said(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (auto prepared = prepare_password(said)) {
    must(prepare_password(*prepared) == prepared);
    must(prepared->find('\0') == std::string::npos);
  }

  std::unique_ptr<Exchange> exchange = start(choice);
  bool known = (choice & 8) == 0, scram = choice % 4 >= 2, proved = false, ended = false;
  std::string user;
  auto look_at = [&](Step step) {
    for (;;) {
      if (auto* check = std::get_if<CheckPassword>(&step)) {
        must(!scram && !ended && !check->user.empty() && prepare_password(check->password) == check->password);
        user = check->user;
        proved = known && check->password == "pencil";
        step = exchange->password_checked(proved);
      } else if (auto* find = std::get_if<FindKeys>(&step)) {
        must(scram && !ended && !find->user.empty());
        user = find->user;
        step = exchange->keys_found(keys(), known);
      } else {
        break;
      }
    }
    if (auto* accepted = std::get_if<Accepted>(&step)) {
      must(!ended && known && (scram || proved) && accepted->user == user);
      must(accepted->final_data.has_value() == scram);
      ended = true;
    } else if (std::holds_alternative<Refused>(step)) {
      ended = true;
    } else {
      must(!ended);
    }
  };
  if (choice & 16) look_at(exchange->respond(std::nullopt));
  for (int round = 0; round < 6 && !said.empty(); ++round) {
    std::string_view line = said.substr(0, said.find('\n'));
    said.remove_prefix(std::min(line.size() + 1, said.size()));
    look_at(exchange->respond(line));
  }
  return 0;
}
