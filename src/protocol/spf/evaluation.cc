// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/spf/characters.h"

namespace postseal::spf {
namespace {

std::string shown(const Domain& name) { return name.ascii().substr(0, 100); }

/// RFC 7208 §2.5: what "could not ask" looks like to the evaluation.
std::string unknown_reason(const Domain& name, dns::RecordType type, const std::string& why) {
  return fmt::format("DNS gave no usable answer about {} {}: {}", shown(name), dns::to_string(type), printable(why));
}

struct Selection {
  std::size_t found = 0;
  std::string text;
};

Selection select_record(const std::vector<dns::TxtRecord>& records) {
  Selection selection;
  for (const dns::TxtRecord& record : records) {
    // RFC 7208 §3.3 MUST: the strings of a record are joined without anything between them.
    std::string text = record.joined();
    if (!is_record(text)) continue;
    ++selection.found;
    selection.text = std::move(text);
  }
  return selection;
}

/// Without the empty records that some servers give out (RFC 1035 §3.3.14 wants a string at least): what is not there
/// at all cannot be an SPF record.
dns::RawAnswer without_empty(dns::RawAnswer raw) {
  if (raw.records.size() > 1) std::erase_if(raw.records, [](const Bytes& rdata) { return rdata.empty(); });
  return raw;
}

}  // namespace

Evaluation::Evaluation(dns::Resolver& resolver, Identity identity, Deadline deadline)
    : resolver_(resolver), identity_(std::move(identity)), deadline_(deadline) {}

Awaitable<Outcome> Evaluation::check_host(std::string domain) {
  const auto name = Domain::escape_dns(domain);
  // RFC 7208 §4.3: a malformed domain, or one of a single label, has no policy.
  if (!name || name->label_count() < 2) {
    co_return Outcome{Result::None, {}, printable(domain.substr(0, 100)) + " is no domain that could have a record"};
  }
  const auto answer = dns::parse_txt(without_empty(co_await ask(*name, dns::RecordType::TXT)));
  // RFC 7208 §4.4: a lookup that fails is a temporary error.
  if (answer.unknown()) {
    co_return Outcome{Result::TempError, {}, unknown_reason(*name, dns::RecordType::TXT, answer.why)};
  }
  // RFC 7208 §4.3, §4.5: no such name and no such record are the same; several records are a permanent error.
  const Selection selection = select_record(answer.records);
  if (selection.found == 0) co_return Outcome{Result::None, {}, shown(*name) + " publishes no SPF record"};
  if (selection.found > 1) {
    co_return Outcome{Result::PermError, {}, shown(*name) + " publishes several SPF records; one is allowed"};
  }
  // RFC 7208 §4.6 MUST: a syntax error anywhere in the record is found before anything is evaluated.
  const auto record = parse_record(selection.text);
  if (!record) {
    co_return Outcome{Result::PermError, {}, fmt::format("the record of {}: {}", shown(*name), record.error())};
  }

  for (const Directive& directive : record->directives) {
    // RFC 7208 §4.6.4 SHOULD: a check that takes too long ends with a temporary error.
    if (deadline_.passed()) co_return Outcome{Result::TempError, directive.text, "the check took too long"};
    const Finding finding = co_await match(directive.mechanism, domain);
    switch (finding.match) {
      case Match::No:
        continue;
      case Match::Yes:
        // RFC 7208 §4.6.2: the first match decides, by its qualifier.
        co_return Outcome{directive.qualifier, directive.text,
                          fmt::format("\"{}\" in the record of {} is about {}",
                                      printable(directive.text.substr(0, 100)), shown(*name), identity_.ip.to_string()),
                          record->explanation, domain};
      case Match::TempError:
        co_return Outcome{Result::TempError, directive.text, finding.reason};
      case Match::PermError:
        co_return Outcome{Result::PermError, directive.text,
                          fmt::format("\"{}\" in the record of {}: {}", printable(directive.text.substr(0, 100)),
                                      shown(*name), finding.reason)};
    }
  }
  // RFC 7208 §6.1: "redirect" counts where nothing matched, wherever it stands.
  if (record->redirect) co_return co_await follow(*record->redirect, domain);
  // RFC 7208 §4.7: without it the result is neutral.
  co_return Outcome{Result::Neutral, "default",
                    fmt::format("nothing in the record of {} is about {}", shown(*name), identity_.ip.to_string())};
}

Awaitable<Outcome> Evaluation::follow(MacroString redirect, std::string domain) {
  if (auto over = count_lookup()) co_return Outcome{Result::PermError, "redirect", over->reason};
  Target target = co_await find_target(std::move(redirect), std::move(domain));
  if (target.settled && target.settled->match == Match::PermError) {
    co_return Outcome{Result::PermError, "redirect", target.settled->reason};
  }
  Outcome outcome = co_await check_host(target.text);
  // RFC 7208 §6.1: a target without a record, or one that is malformed, is a permanent error.
  if (outcome.result == Result::None) {
    co_return Outcome{Result::PermError, "redirect", "redirect leads nowhere: " + outcome.reason};
  }
  // RFC 7208 §6.2 MUST: "exp" is that of the domain redirected to, never of the one that redirects.
  co_return outcome;
}

Awaitable<std::string> Evaluation::explain(MacroString target, std::string domain) {
  const auto name = Domain::escape_dns(expand_target(target, co_await values_for(target.uses("p"), domain)));
  if (!name) co_return "";
  const auto answer = dns::parse_txt(co_await ask(*name, dns::RecordType::TXT));
  // RFC 7208 §6.2: no record, several records and DNS errors are all as if there were no "exp".
  if (!answer.found() || answer.records.size() != 1) co_return "";
  // RFC 7208 §6.2 MUST: US-ASCII; and a syntax error is as if there were no "exp".
  const auto text = parse_macro_string(answer.records.front().joined(), MacroPlace::Explanation);
  if (!text) co_return "";
  const MacroValues values = co_await values_for(text->uses("p"), std::move(domain));
  // What macros put in comes from the client: RFC 7208 §11.5 warns of it; printable, and no longer than a reply bears.
  co_return printable(expand(*text, values, kMaxExplanation, Keep::Front));
}

Awaitable<dns::RawAnswer> Evaluation::ask(Domain name, dns::RecordType type) {
  dns::RawAnswer answer = co_await resolver_.lookup(std::move(name), type, deadline_);
  asked_ = true;
  secure_ = secure_ && answer.secure;
  co_return answer;
}

Awaitable<void> Evaluation::find_names() {
  if (names_) co_return;
  names_ = co_await find_validated_names(resolver_, identity_.ip, deadline_);
  asked_ = true;
  secure_ = secure_ && names_->secure;
}

Awaitable<MacroValues> Evaluation::values_for(bool with_name, std::string domain) {
  MacroValues values;
  values.sender_local = identity_.local;
  values.sender_domain = identity_.domain;
  values.ip = identity_.ip;
  values.helo = identity_.helo;
  values.receiver = identity_.receiver.empty() ? "unknown" : identity_.receiver;
  values.now = identity_.now;
  values.validated = "unknown";
  if (with_name) {
    co_await find_names();
    // RFC 7208 §7.3: the domain itself if it is among the validated names, else one below it, else any.
    int best = 0;
    const auto here = Domain::escape_dns(domain);
    for (const Domain& name : names_->validated) {
      const int worth = !here ? 1 : name == *here ? 3 : name.is_within(*here) ? 2 : 1;
      if (worth > best) values.validated = name.ascii();
      best = std::max(best, worth);
    }
  }
  values.domain = std::move(domain);
  co_return values;
}

std::optional<Evaluation::Finding> Evaluation::count_lookup() {
  // RFC 7208 §4.6.4 MUST: at most ten terms that ask DNS, in the whole evaluation (A26).
  if (lookups_ == kMaxLookups) {
    return Finding{Match::PermError, fmt::format("more than {} terms need DNS lookups", kMaxLookups)};
  }
  ++lookups_;
  return std::nullopt;
}

std::optional<Evaluation::Finding> Evaluation::count_void() {
  // RFC 7208 §4.6.4, §11.1 SHOULD: at most two terms whose lookup finds nothing (A26).
  ++void_lookups_;
  if (void_lookups_ > kMaxVoidLookups) {
    return Finding{Match::PermError, fmt::format("more than {} lookups found nothing", kMaxVoidLookups)};
  }
  return std::nullopt;
}

}  // namespace postseal::spf
