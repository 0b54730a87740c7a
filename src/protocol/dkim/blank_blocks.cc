// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/blank_blocks.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "vocab/ascii.h"

namespace postseal::dkim {
namespace {

using Octets = unsigned char __attribute__((vector_size(kBlock)));
using Bits = bool __attribute__((ext_vector_type(kBlock)));
using Reduce = BlockStep (*)(std::string_view, char*);

/// Inlined into functions for different processors, which makes different instructions of it.
[[gnu::always_inline]] inline BlockStep reduce(std::string_view text, char* const out) {
  const char* const in = text.data();
  char* at = out;
  std::size_t i = 0;
  for (; i + kBlock + 2 <= text.size(); i += kBlock) {
    Octets octets;
    std::memcpy(&octets, in + i, kBlock);
    const std::uint64_t tabs = std::bit_cast<std::uint64_t>(__builtin_convertvector(octets == '\t', Bits));
    const std::uint64_t blanks = std::bit_cast<std::uint64_t>(__builtin_convertvector(octets == ' ', Bits)) | tabs;
    const std::uint64_t returns = std::bit_cast<std::uint64_t>(__builtin_convertvector(octets == '\r', Bits));
    const char next = in[i + kBlock];
    const std::uint64_t drops_before = blanks | returns;
    std::uint64_t drop = blanks & (drops_before >> 1 | std::uint64_t{is_blank(next) || next == '\r'} << (kBlock - 1));
    if ((drop | tabs) == 0) [[likely]] {
      std::memcpy(at, &octets, kBlock);
      at += kBlock;
      continue;
    }
    // Room for copies of a whole block from any place in it: cheaper than copies of the right length.
    char block[2 * kBlock];
    std::memcpy(block, &octets, kBlock);
    for (std::uint64_t rest = tabs; rest != 0; rest &= rest - 1) block[std::countr_zero(rest)] = ' ';
    std::size_t begin = 0;
    for (; drop != 0; drop &= drop - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(drop));
      // A CR that ends no line is an octet like others.
      if (in[i + place + 1] == '\r' && in[i + place + 2] != '\n') continue;
      std::memcpy(at, block + begin, kBlock);
      at += place - begin;
      begin = place + 1;
    }
    std::memcpy(at, block + begin, kBlock);
    at += kBlock - begin;
  }
  return {i, static_cast<std::size_t>(at - out)};
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vl,bmi,bmi2"))) BlockStep reduce_512(std::string_view text, char* out) {
  return reduce(text, out);
}
__attribute__((target("avx2,bmi,bmi2"))) BlockStep reduce_256(std::string_view text, char* out) {
  return reduce(text, out);
}
#endif
BlockStep reduce_128(std::string_view text, char* out) { return reduce(text, out); }

Reduce choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) return reduce_512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return reduce_256;
#endif
  return reduce_128;
}

}  // namespace

BlockStep reduce_blocks(std::string_view text, char* out) {
  static const Reduce best = choose();
  return best(text, out);
}

}  // namespace postseal::dkim
