// SPDX-License-Identifier: Apache-2.0
#include "flow/dispatch/trace_line.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "flow/authenticate/outcome_json.h"
#include "vocab/json_text.h"
#include "vocab/moment_text.h"

namespace postseal::dispatch {

namespace json = boost::json;

std::string acceptance_line(const spool::QueuedLetter& letter) {
  const auto& envelope = letter.envelope;
  JsonText line;
  line.open_object().put("time", moment_text(envelope.received)).put("event", "accepted");
  line.put("from", envelope.from ? envelope.from->to_string() : std::string());
  line.key("to").open_array();
  for (const auto& recipient : envelope.recipients) line.value(recipient.mailbox.to_string());
  line.close_array().put("size", envelope.size).put("message_id", envelope.message_id);
  return line.put("peer", envelope.peer).put("user", envelope.user).close_object().take();
}

std::string judgement_line(const authenticate::Outcome& outcome, WallTime at) {
  JsonText line;
  line.open_object().put("time", moment_text(at)).put("event", "authenticated");
  authenticate::put_json(line, outcome);
  return line.close_object().take();
}

std::string local_line(const spool::Envelope& envelope, const std::vector<local::Verdict>& verdicts, WallTime now) {
  json::array recipients;
  for (const auto& verdict : verdicts) {
    recipients.push_back(json::object{{"recipient", envelope.recipients.at(verdict.index).mailbox.to_string()},
                                      {"outcome", local::to_string(verdict.outcome)},
                                      {"status", verdict.status.to_string()},
                                      {"host", verdict.host},
                                      {"explanation", verdict.explanation}});
  }
  return json::serialize(
      json::object{{"time", moment_text(now)}, {"event", "local delivery"}, {"recipients", std::move(recipients)}});
}

}  // namespace postseal::dispatch
