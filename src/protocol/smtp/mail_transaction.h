#pragma once
// SPDX-License-Identifier: Apache-2.0
// One mail transaction, from MAIL to the last reply: what to send next and what each reply means for each recipient.
// RFC 5321 §3.3, RFC 2920 (groups), RFC 3030 (chunks), RFC 2033 (a reply for each recipient).
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/smtp/body_encoder.h"
#include "protocol/smtp/capabilities.h"
#include "protocol/smtp/outcome.h"
#include "protocol/smtp/pipeline.h"
#include "protocol/smtp/transaction.h"

namespace postseal::smtp {

struct TransactionStyle {
  Capabilities offered;
  bool lmtp = false;
  bool chunking = false;  ///< BDAT instead of DATA
};

class MailTransaction {
 public:
  /// refusals: refuse_locally()'s. Recipients with a refusal are not asked for.
  MailTransaction(Transaction transaction, TransactionStyle style, const std::vector<std::optional<Reply>>& refusals);

  /// Puts into the pipeline what may be sent now.
  void advance(Pipeline& pipeline);
  /// False: no answer to that question can have this code, so that nothing behind it can be trusted.
  [[nodiscard]] bool take_reply(const Question& question, const Reply& reply, Pipeline& pipeline);

  /// body() is due as soon as the output has been taken.
  bool wants_body(const Pipeline& pipeline) const;
  bool in_body() const { return phase_ == Phase::Body; }
  /// nullopt, or why this body may not be sent on; then nothing of the piece is in the pipeline.
  [[nodiscard]] std::optional<std::string> body(std::string_view piece, bool last, Pipeline& pipeline);

  bool finished() const { return phase_ == Phase::Finished; }
  /// The server still has a transaction open (RFC 5321 §4.1.1.5).
  bool needs_rset() const { return needs_rset_; }
  /// The stream can carry another transaction.
  bool in_step() const { return in_step_; }
  /// Recipients that no reply has decided yet.
  bool undecided() const;
  void decide_rest(const RecipientOutcome& outcome);
  /// REQUIRES: !undecided().
  std::vector<RecipientOutcome> outcomes() const;

 private:
  enum class Phase { Envelope, Body, Ending, Finished };

  bool send_next(Pipeline& pipeline);
  void decide(std::size_t recipient, Stage stage, const Reply& reply);
  void decide_accepted(Stage stage, const Reply& reply);
  void take_go_ahead(Pipeline& pipeline);
  void send_chunk(std::string_view octets, bool last, Pipeline& pipeline);
  void expect_final_replies(Pipeline& pipeline);

  Transaction transaction_;
  TransactionStyle style_;
  std::vector<std::optional<RecipientOutcome>> outcomes_;
  std::vector<std::size_t> asked_;     ///< recipients without a local refusal
  std::vector<std::size_t> accepted_;  ///< recipients with 2xx to RCPT
  std::size_t next_command_ = 0;       ///< 0: MAIL; then one RCPT for each of asked_; then DATA
  Phase phase_ = Phase::Envelope;
  BodyEncoder encoder_;
  bool mail_accepted_ = false, mail_refused_ = false, chunk_refused_ = false;
  bool needs_rset_ = false, in_step_ = true;
};

}  // namespace postseal::smtp
