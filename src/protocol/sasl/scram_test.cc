// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/scram.h"

#include <gtest/gtest.h>

#include "vocab/codec.h"

namespace postseal::sasl {
namespace {

std::string from64(std::string_view text) {
  auto bytes = from_base64(text).value();
  return std::string(bytes.begin(), bytes.end());
}

// RFC 7677 §3
constexpr std::string_view kFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

ScramKeys keys() { return derive_scram_keys("pencil", from64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096); }

TEST(Scram, the_example_of_RFC_7677_section_3) {
  auto exchange = start_scram({.nonce = std::string(kServerNonce)});
  Step step = exchange->respond(kFirst);
  ASSERT_TRUE(std::holds_alternative<FindKeys>(step));
  EXPECT_EQ(std::get<FindKeys>(step).user, "user");
  step = exchange->keys_found(keys(), true);
  ASSERT_TRUE(std::holds_alternative<Challenge>(step));
  EXPECT_EQ(std::get<Challenge>(step).bytes,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  step = exchange->respond(kFinal);
  ASSERT_TRUE(std::holds_alternative<Accepted>(step));
  EXPECT_EQ(std::get<Accepted>(step).user, "user");
  EXPECT_EQ(std::get<Accepted>(step).final_data, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

}  // namespace
}  // namespace postseal::sasl
