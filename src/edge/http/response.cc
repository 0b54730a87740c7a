// SPDX-License-Identifier: Apache-2.0
#include "edge/http/response.h"

#include <charconv>

#include "protocol/mtasts/field.h"
#include "protocol/mtasts/policy.h"
#include "vocab/ascii.h"

namespace postseal::http {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// "HTTP/1.1 200 OK": 200; 0 if there is no number.
int status_of(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos) return 0;
  const std::string_view digits = line.substr(blank + 1, 3);
  int status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

}  // namespace

bool is_text_plain(std::string_view content_type) {
  return equals_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), "text/plain");
}

bool Response::refuse(std::string why) {
  refusal_ = std::move(why);
  return false;
}

bool Response::add_header(std::string_view line) {
  // A11: a header without end. The limits hold for all headers of one answer, interim ones and trailers included.
  header_bytes_ += line.size();
  if (++header_lines_ > kMaxHeaderLines || header_bytes_ > kMaxHeaderBytes) {
    return refuse("the header of the answer is too long");
  }
  if (accepted_) return true;  // a trailer says nothing that counts
  if (line.starts_with("HTTP/")) {
    status_ = status_of(line);
    content_type_.clear();
    content_types_ = 0;
    location_.clear();
    encoded_ = false;
    return true;
  }
  if (trimmed(line).empty()) return end_header();
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return true;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-type")) {
    content_type_ = value;
    ++content_types_;
  } else if (equals_ignoring_case(name, "location")) {
    location_ = value;
  } else if (equals_ignoring_case(name, "content-encoding")) {
    encoded_ = encoded_ || !equals_ignoring_case(value, "identity");
  }
  return true;
}

bool Response::end_header() {
  if (status_ >= 100 && status_ < 200) return true;
  // RFC 8461 §3.3 MUST NOT (S11): a redirect is never followed.
  if (status_ >= 300 && status_ < 400) {
    return refuse("the answer is " + std::to_string(status_) + ", a redirect" +
                  (location_.empty() ? std::string() : " to " + mtasts::shown(location_)) +
                  ", and a policy is never fetched from elsewhere");
  }
  // RFC 8461 §3.3 (S12): 200 and nothing else.
  if (status_ != 200) return refuse("the answer is " + std::to_string(status_) + ", not 200");
  // RFC 8461 §3.2 SHOULD (S13): text/plain, lest a page that users may write be taken for a policy. None is none.
  if (content_types_ == 0) return refuse("the answer has no Content-Type; it has to be text/plain");
  if (content_types_ > 1 || !is_text_plain(content_type_)) {
    return refuse("the Content-Type is " + mtasts::shown(content_type_) +
                  (content_types_ > 1 ? " and another, not text/plain alone" : ", not text/plain"));
  }
  // A11: what is compressed though nobody asked for it is not unpacked.
  if (encoded_) return refuse("the policy is compressed, which was not asked for");
  accepted_ = true;
  return true;
}

bool Response::add_body(std::string_view piece) {
  if (!accepted_) return refuse("a body came without a header");
  // RFC 8461 §3.3 MAY (S14): 64 kilobytes, counted as they arrive.
  if (piece.size() > mtasts::kMaxPolicySize - body_.size()) return refuse("the policy is larger than 64 KiB");
  body_ += piece;
  return true;
}

}  // namespace postseal::http
