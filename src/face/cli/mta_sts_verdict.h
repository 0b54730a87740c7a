#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `postseal mta-sts` says of a record, a policy, a host or a domain, before it is printed. Pure.
#include <boost/json/object.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/mtasts/find.h"

namespace postseal::cli {

struct StsVerdict {
  int exit_code = 0;
  boost::json::object json;  ///< "result" first, "reason" last
};

/// Each argument is one TXT record as it stands in DNS, or its strings as dig prints them: "v=STSv1; " "id=1;".
/// The error says what is wrong with the quoting.
std::expected<std::vector<dns::TxtRecord>, std::string> read_txt_arguments(const std::vector<std::string>& arguments);

StsVerdict judge_sts_record(const std::vector<dns::TxtRecord>& records);
StsVerdict judge_sts_policy(std::string_view body);
StsVerdict judge_sts_match(std::string_view body, std::string_view host);
StsVerdict judge_sts_lookup(const Domain& policy_domain, const mtasts::StsFacts& facts);

/// For people: the result and its reason, then a line for each of the other keys that says something.
std::string verdict_text(const StsVerdict& verdict);

}  // namespace postseal::cli
