// SPDX-License-Identifier: Apache-2.0
#include "flow/dispatch/trace_line.h"

#include "flow/authenticate/outcome_json.h"
#include "vocab/json_text.h"
#include "vocab/moment_text.h"

namespace postseal::dispatch {

std::string acceptance_line(const spool::QueuedLetter& letter) {
  const auto& envelope = letter.envelope;
  JsonText line;
  line.open_object().put("time", moment_text(envelope.received)).put("event", "accepted");
  line.put("from", text_of(envelope.from));
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
  JsonText line;
  line.open_object().put("time", moment_text(now)).put("event", "local delivery");
  line.key("recipients").open_array();
  for (const auto& verdict : verdicts) {
    line.open_object().put("recipient", envelope.recipients.at(verdict.index).mailbox.to_string());
    line.put("outcome", to_string(verdict.outcome)).put("status", verdict.status.to_string());
    line.put("host", verdict.host).put("explanation", verdict.explanation).close_object();
  }
  return line.close_array().close_object().take();
}

}  // namespace postseal::dispatch
