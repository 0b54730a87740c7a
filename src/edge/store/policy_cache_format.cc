// SPDX-License-Identifier: Apache-2.0
#include "edge/store/policy_cache_format.h"

#include <algorithm>
#include <boost/json.hpp>

#include "protocol/mtasts/field.h"

namespace postseal::store {

namespace json = boost::json;

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kFormat = "postseal-policy-cache";
/// The year 9999, so that adding a max_age never overflows.
constexpr std::int64_t kMaxTime = 253'402'300'799;

/// Collects the first complaint; afterwards every value is a default.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_string()) return complain(key, "a text"), std::string();
    return std::string(value->get_string());
  }
  std::int64_t number(std::string_view key, std::int64_t most) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0 || value->get_int64() > most) {
      return complain(key, "a number from 0 to " + std::to_string(most)), 0;
    }
    return value->get_int64();
  }
  WallTime time(std::string_view key) { return WallTime(Seconds(number(key, kMaxTime))); }
  void complain(std::string_view key, std::string_view want) {
    if (error.empty()) error = std::string(key) + " is not " + std::string(want);
  }

  std::string error;

 private:
  const json::object& object_;
};

/// RFC 8460 §4.3 names of what a fetch can fail with.
constexpr tlsrpt::ResultType kFetchResults[] = {tlsrpt::ResultType::StsPolicyFetchError,
                                                tlsrpt::ResultType::StsPolicyInvalid,
                                                tlsrpt::ResultType::StsWebpkiInvalid};

std::expected<mtasts::CachedPolicy, std::string> read_policy(const json::object& object) {
  Reader reader(object);
  mtasts::CachedPolicy cached;
  cached.id = reader.text("id");
  if (!mtasts::is_policy_id(cached.id)) reader.complain("id", "1 to 32 letters and digits");
  cached.fetched = reader.time("fetched");
  cached.policy.max_age = Seconds(reader.number("max_age", mtasts::kMaxAge.count()));
  const auto mode = mtasts::parse_mode(reader.text("mode"));
  if (!mode) reader.complain("mode", "enforce, testing or none");
  cached.policy.mode = mode.value_or(mtasts::Mode::None);
  const json::value* mx = object.if_contains("mx");
  if (mx == nullptr || !mx->is_array()) {
    reader.complain("mx", "a list of patterns");
  } else {
    for (const json::value& text : mx->get_array()) {
      auto pattern = mtasts::MxPattern::parse(text.is_string() ? std::string_view(text.get_string()) : "");
      if (!pattern) {
        reader.complain("mx", "a list of patterns");
        break;
      }
      cached.policy.mx.push_back(std::move(*pattern));
    }
  }
  if (cached.policy.mx.empty() && cached.policy.mode != mtasts::Mode::None) reader.complain("mx", "a list of patterns");
  if (!reader.error.empty()) return std::unexpected(std::move(reader.error));
  return cached;
}

std::expected<mtasts::FetchFailureMemo, std::string> read_failure(const json::object& object) {
  Reader reader(object);
  mtasts::FetchFailureMemo memo;
  memo.id = reader.text("id");
  if (!mtasts::is_policy_id(memo.id)) reader.complain("id", "1 to 32 letters and digits");
  memo.at = reader.time("at");
  memo.reason = reader.text("reason");
  const std::string result = reader.text("result");
  bool known = false;
  for (const tlsrpt::ResultType type : kFetchResults) {
    if (result != tlsrpt::to_string(type)) continue;
    memo.result = type;
    known = true;
  }
  if (!known) reader.complain("result", "the name of a failed fetch");
  if (!reader.error.empty()) return std::unexpected(std::move(reader.error));
  return memo;
}

json::object write_policy(const mtasts::CachedPolicy& cached) {
  json::array mx;
  for (const mtasts::MxPattern& pattern : cached.policy.mx) mx.emplace_back(pattern.to_string());
  return {{"id", cached.id},
          {"fetched", cached.fetched.time_since_epoch().count()},
          {"max_age", cached.policy.max_age.count()},
          {"mode", mtasts::to_string(cached.policy.mode)},
          {"mx", std::move(mx)}};
}

/// A text that went through networks: what is not ASCII could make the file, and with it the policy, unreadable.
std::string plain(std::string_view text) {
  constexpr std::size_t kMaxReason = 500;
  std::string out(text.substr(0, kMaxReason));
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

json::object write_failure(const mtasts::FetchFailureMemo& memo) {
  return {{"id", memo.id},
          {"at", memo.at.time_since_epoch().count()},
          {"result", tlsrpt::to_string(memo.result)},
          {"reason", plain(memo.reason)}};
}

}  // namespace

std::string format_entry(const Domain& policy_domain, const mtasts::CacheEntry& entry) {
  json::object root{{"format", kFormat}, {"version", kVersion}, {"domain", policy_domain.ascii()}};
  if (entry.policy) root["policy"] = write_policy(*entry.policy);
  if (entry.failure) root["failure"] = write_failure(*entry.failure);
  return json::serialize(root) + "\n";
}

std::expected<mtasts::CacheEntry, std::string> parse_entry(const Domain& policy_domain, std::string_view text) {
  if (text.size() > kMaxCacheFile) return std::unexpected("it is too large");
  json::parse_options limits;
  limits.max_depth = 4;
  json::error_code error;
  const json::value value = json::parse(text, error, {}, limits);
  if (error) return std::unexpected("it is not JSON: " + error.message());
  if (!value.is_object()) return std::unexpected("it is not a JSON object");
  const json::object& root = value.get_object();
  Reader reader(root);
  if (reader.text("format") != kFormat) reader.complain("format", kFormat);
  if (reader.number("version", kVersion) != kVersion) reader.complain("version", "1");
  if (reader.text("domain") != policy_domain.ascii()) reader.complain("domain", policy_domain.ascii());
  if (!reader.error.empty()) return std::unexpected(std::move(reader.error));

  mtasts::CacheEntry entry;
  if (const json::value* policy = root.if_contains("policy")) {
    if (!policy->is_object()) return std::unexpected("policy is not an object");
    auto read = read_policy(policy->get_object());
    if (!read) return std::unexpected("in policy, " + read.error());
    entry.policy = std::move(*read);
  }
  if (const json::value* failure = root.if_contains("failure")) {
    if (!failure->is_object()) return std::unexpected("failure is not an object");
    auto read = read_failure(failure->get_object());
    if (!read) return std::unexpected("in failure, " + read.error());
    entry.failure = std::move(*read);
  }
  return entry;
}

}  // namespace postseal::store
