// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/chain_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/certificates.h"

namespace postseal::tls {
namespace {

using testing::HasSubstr;

TEST(ChainText, keeps_the_order_and_passes_over_the_rest) {
  const auto first = tests::issue({.dns_names = {"a.test"}});
  const auto second = tests::issue({.dns_names = {"b.test"}});
  const std::vector<Bytes> expected = {first.der, second.der};
  EXPECT_EQ(parse_chain_pem(first.pem + second.pem), expected);
  EXPECT_EQ(parse_chain_pem("some text\n" + first.pem + first.key_pem + "more\n\n" + second.pem + "end"), expected);
}

TEST(ChainText, a_broken_block_is_never_passed_over) {
  const auto good = tests::issue({.dns_names = {"a.test"}});
  EXPECT_THAT(parse_chain_pem("").error(), HasSubstr("no PEM certificate"));
  EXPECT_THAT(parse_chain_pem(good.key_pem).error(), HasSubstr("no PEM certificate"));
  EXPECT_THAT(parse_chain_pem(good.pem.substr(0, good.pem.size() / 2)).error(), HasSubstr("certificate 1 is broken"));
  EXPECT_THAT(parse_chain_pem(good.pem + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").error(),
              HasSubstr("certificate 2 is broken"));
}

}  // namespace
}  // namespace postseal::tls
