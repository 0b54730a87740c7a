// SPDX-License-Identifier: Apache-2.0
// rooms: protocol/dkim vocab
// Key records as DNS might have them, put to use on a signature that none of them made: nothing may pass.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/dkim/key_record.h"
#include "protocol/dkim/rsa_der.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postseal::dkim;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto numbers = parse_rsa_public_key(text);
  require(!numbers || (!numbers->modulus.empty() && !numbers->exponent.empty()));
  const auto record = parse_key_record(text);
  if (!record) {
    require(!record.error().empty());
    return 0;
  }
  KeyAnswer answer;
  answer.records = {text};
  const Digest digest = sha256(text);
  for (const Algorithm algorithm : {Algorithm::RsaSha256, Algorithm::Ed25519Sha256}) {
    const std::string signature(algorithm == Algorithm::RsaSha256 ? 256 : 64, '\1');
    const KeyCheck check = check_signature(answer, {algorithm, true}, digest, signature);
    require(check.result == Result::PermError || check.result == Result::Fail);
    require(!check.reason.empty() && check.key_bits <= kMaxRsaBits && check.testing == record->testing);
  }
  return 0;
}
