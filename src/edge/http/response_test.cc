// SPDX-License-Identifier: Apache-2.0
#include "edge/http/response.h"

#include <gtest/gtest.h>

namespace postseal::http {
namespace {

bool accepts(std::initializer_list<const char*> lines) {
  Response response;
  for (const char* line : lines) {
    if (!response.add_header(std::string(line) + "\r\n")) return false;
  }
  return response.add_header("\r\n") && response.accepted();
}

TEST(Response, S12_only_200_is_accepted) {
  for (const char* status : {"201 Created", "203 x", "204 No Content", "206 Partial Content", "301 x", "302 x", "304 x",
                             "307 x", "308 x", "400 x", "404 Not Found", "500 x", "503 x", "20", "x"}) {
    EXPECT_FALSE(accepts({(std::string("HTTP/1.1 ") + status).c_str(), "Content-Type: text/plain"})) << status;
  }
  EXPECT_TRUE(accepts({"HTTP/1.1 200 OK", "Content-Type: text/plain"}));
  EXPECT_TRUE(accepts({"HTTP/1.1 200", "Content-Type: text/plain"}));
}

TEST(Response, S11_a_redirect_is_named_as_such) {
  Response response;
  EXPECT_TRUE(response.add_header("HTTP/1.1 301 Moved\r\n"));
  EXPECT_TRUE(response.add_header("Location: https://evil.example/\r\n"));
  EXPECT_FALSE(response.add_header("\r\n"));
  EXPECT_NE(response.refusal().find("redirect to \"https://evil.example/\""), std::string::npos);
}

TEST(Response, S13_the_type_is_text_plain_and_nothing_else) {
  for (const char* type : {"text/plain", "Text/PLAIN", "text/plain; charset=utf-8", "text/plain;charset=us-ascii;x=y",
                           " \ttext/plain ; charset=\"utf-8\""}) {
    EXPECT_TRUE(is_text_plain(type)) << type;
  }
  for (const char* type : {"", "text/html", "text/plainx", "text", "application/octet-stream", "text/html; text/plain",
                           "text /plain", "text/plain, text/html"}) {
    EXPECT_FALSE(is_text_plain(type)) << type;
  }
  EXPECT_FALSE(accepts({"HTTP/1.1 200 OK"})) << "no type";
  EXPECT_FALSE(accepts({"HTTP/1.1 200 OK", "Content-Type: text/html", "Content-Type: text/plain"})) << "two types";
}

TEST(Response, an_interim_answer_does_not_lend_its_header_to_the_final_one) {
  Response response;
  for (const char* line :
       {"HTTP/1.1 103 Early Hints\r\n", "Content-Type: text/plain\r\n", "\r\n", "HTTP/1.1 200 OK\r\n"}) {
    EXPECT_TRUE(response.add_header(line));
  }
  EXPECT_FALSE(response.accepted());
  EXPECT_FALSE(response.add_header("\r\n"));
}

TEST(Response, A11_the_header_is_bounded_in_lines_and_bytes) {
  Response many;
  int lines = 0;
  while (many.add_header("X: y\r\n")) ++lines;
  EXPECT_LE(lines, 100);
  Response wide;
  std::size_t bytes = 0;
  const std::string line = "X: " + std::string(1000, 'y') + "\r\n";
  while (wide.add_header(line)) bytes += line.size();
  EXPECT_LE(bytes, 32U * 1024);
}

TEST(Response, A11_what_is_compressed_is_refused) {
  EXPECT_FALSE(accepts({"HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Encoding: gzip"}));
  EXPECT_TRUE(accepts({"HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Encoding: identity"}));
}

TEST(Response, S14_a_body_of_64_KiB_is_the_largest) {
  Response response;
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n", "\r\n"}) response.add_header(line);
  EXPECT_TRUE(response.add_body(std::string(40 * 1024, 'x')));
  EXPECT_TRUE(response.add_body(std::string(24 * 1024, 'x')));
  EXPECT_FALSE(response.add_body("x"));
  EXPECT_FALSE(response.refusal().empty());
}

TEST(Response, a_body_without_an_accepted_header_is_refused) {
  Response response;
  EXPECT_FALSE(response.add_body("x"));
}

}  // namespace
}  // namespace postseal::http
