// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "protocol/smtpd/dialogue.h"
#include "protocol/smtpd/path.h"
#include "protocol/smtpd/replies.h"
#include "vocab/ascii.h"

namespace postseal::smtpd {

void Server::Impl::take_mail(std::string_view argument, std::optional<Event>& event) {
  if (session.helo.empty()) return say(reply::kHelloFirst);
  // RFC 5321 §4.1.4 MUST NOT: no MAIL within a transaction: 503.
  if (open) return say(reply::kOneTransaction);
  // RFC 9422 §4.1 MAILMAX
  if (transactions >= settings.limits.transactions) return close(reply::kTooManyMessages, "too many messages");
  auto split = split_path(argument, "FROM:");
  if (!split) return say(reply::kMailSyntax);
  // RFC 5321 §4.1.1.11: parameters belong to EHLO's extensions.
  if (!split->parameters.empty() && !session.esmtp) return say(reply::kNoParameters);
  auto parameters = parse_mail_parameters(split->parameters, {.message_size = settings.limits.message_size,
                                                              .requiretls = session.tls.has_value(),
                                                              .auth = settings.offer_auth,
                                                              .trusted = !session.user.empty()});
  if (!parameters) return say(parameters.error());
  // RFC 6531 §3.5: 553 5.6.7 for an address outside ASCII where SMTPUTF8 was not said.
  if (!parameters->smtputf8 && !is_ascii(split->path)) return say(reply::kSenderNotAscii);

  ReversePath from;
  if (!split->path.empty()) {
    auto mailbox = parse_path(split->path, reply::kBadSender);
    if (!mailbox) return say(mailbox.error());
    from = std::move(*mailbox);
  }
  smtputf8 = parameters->smtputf8;
  owed = Owed::Mail;
  event = MailDue{.from = std::move(from), .parameters = std::move(*parameters)};
}

void Server::Impl::take_rcpt(std::string_view argument, std::optional<Event>& event) {
  // RFC 5321 §3.3 MUST: RCPT belongs to a transaction: 503.
  if (!open) return say(reply::kMailFirst);
  // RFC 3030 §2: the envelope is complete when the first chunk has come.
  if (reception) return say(reply::kChunksBegun);
  auto split = split_path(argument, "TO:");
  if (!split) return say(reply::kRcptSyntax);
  if (!split->parameters.empty() && !session.esmtp) return say(reply::kNoParameters);
  auto parameters = parse_recipient_parameters(split->parameters, smtputf8);
  if (!parameters) return say(parameters.error());
  if (!smtputf8 && !is_ascii(split->path)) return say(reply::kRecipientNotAscii);

  if (split->path.empty()) return say(reply::kNoRecipient);
  // RFC 5321 §4.1.1.3, §4.5.1 MUST: postmaster without a domain is ours (A36).
  bool postmaster = equals_ignoring_case(split->path, "postmaster");
  auto mailbox = postmaster ? parse_path("postmaster@" + settings.hostname, reply::kBadRecipient)
                            : parse_path(split->path, reply::kBadRecipient);
  if (!mailbox) return say(mailbox.error());

  // RFC 5321 §4.5.3.1.10 SHOULD: 452, and those accepted so far stay. It is no error until it goes on as long again
  // (A23).
  if (recipients >= settings.limits.recipients) {
    if (++recipients_beyond > settings.limits.recipients) return say(reply::kTooManyRecipients);
    output += reply::kTooManyRecipients;
    output += "\r\n";
    return;
  }
  owed = Owed::Recipient;
  event = RecipientDue{{.mailbox = std::move(*mailbox),
                        .notify = std::move(parameters->notify),
                        .original = std::move(parameters->original)}};
}

std::optional<std::string_view> Server::Impl::refuse_content() const {
  if (!open) return reply::kMailFirst;
  // RFC 5321 §3.3: no RCPT, or none that was accepted.
  if (recipients == 0) return rcpt_refused ? reply::kNoValidRecipient : reply::kRcptFirst;
  return std::nullopt;
}

void Server::Impl::take_data(std::optional<Event>& event) {
  // RFC 2920 §3.1 MUST: DATA is the last command of a group. What stands behind it would be a command if DATA were
  // refused and text if it were not; only an attacker gains by that (A19).
  if (!input.empty()) {
    say(reply::kTalkedAhead);
    return close(reply::kClosing, "spoke on behind DATA without waiting");
  }
  // RFC 3030 §2 MUST: DATA and BDAT are not mixed: 503.
  if (reception) return say(reply::kChunksBegun);
  if (auto refusal = refuse_content()) return say(*refusal);
  owed = Owed::Data;
  event = MessageDue{};
}

/// A22: how many octets stand behind this line nobody can say; they must not be taken for commands.
void Server::Impl::refuse_bdat() {
  say(reply::kBdatSyntax);
  close(reply::kClosing, "BDAT without a size");
}

void Server::Impl::take_bdat(std::string_view argument, std::optional<Event>& event) {
  auto parsed = parse_chunk(argument);
  if (!parsed) return refuse_bdat();
  chunk = std::make_unique<ChunkInHand>(
      ChunkInHand{.size = parsed->size, .left = parsed->size, .last = parsed->last, .refusal = {}});
  // Chunks of nothing cost nothing to send (A23).
  if (chunk->size == 0 && !chunk->last && is_too_idle()) return;
  expecting = Expecting::Chunk;

  // RFC 3030 §2 MUST (A22): a refused BDAT's octets are received and thrown away, then the refusal is said.
  std::uint64_t limit = settings.limits.message_size, before = reception ? reception->size : 0;
  if (auto refusal = gate(Verb::Bdat)) {
    chunk->refusal = *refusal;
  } else if (auto content = refuse_content()) {
    chunk->refusal = *content;
  } else if (limit > 0 && (chunk->size > limit || before > limit - chunk->size)) {
    // RFC 1870 §6.3
    chunk->refusal = reply::kTooLarge;
    reset_transaction("larger than we take");
  } else if (!reception) {
    owed = Owed::FirstChunk;
    event = MessageDue{};
  }
}

void Server::Impl::reset_transaction(std::string_view why) {
  abort_message(std::string(why));
  reception.reset();
  open = smtputf8 = rcpt_refused = false;
  recipients = recipients_beyond = 0;
  swallowed = 0;
}

void Server::Impl::accept(std::string text) {
  if (expecting == Expecting::Nothing) return;
  auto yes = [&](std::string_view status) { say(reply::accepted(status, text)); };
  switch (std::exchange(owed, Owed::Nothing)) {
    case Owed::Mail:
      open = true;
      ++transactions;
      return yes(reply::kMailOk);
    case Owed::Recipient:
      ++recipients;
      return yes(reply::kRcptOk);
    case Owed::Data:
    case Owed::FirstChunk:
      reception = std::make_unique<Reception>(
          Reception{.decoder = BodyDecoder(chunk ? BodyForm::Plain : BodyForm::DotStuffed, settings.limits.text_line),
                    .header = {},
                    .size = 0,
                    .refusal = {}});
      if (chunk) return;
      if (!input.empty()) return close(reply::kClosing, "spoke on behind DATA without waiting");
      expecting = Expecting::Message;
      return say(reply::kSendMessage);
    case Owed::End:
      reception.reset();
      reset_transaction();
      idle_commands = 0;
      expecting = Expecting::Command;
      return yes(reply::kMessageOk);
    case Owed::Nothing:
    case Owed::Handshake:
    case Owed::Auth:
      return close(reply::kLocalError, "a mistake on our side: accepted what was not asked for");
  }
}

void Server::Impl::refuse(const Reply& given) {
  if (expecting == Expecting::Nothing) return;
  std::string line = reply::format(given);
  bool closing = given.code == 421;
  switch (std::exchange(owed, Owed::Nothing)) {
    case Owed::Recipient:
      rcpt_refused = true;
      break;
    case Owed::Mail:
    case Owed::Data:
      break;
    case Owed::FirstChunk:
      chunk->refusal = std::move(line);
      reset_transaction();
      return;
    case Owed::End:
      reception.reset();
      reset_transaction();
      expecting = Expecting::Command;
      break;
    case Owed::Nothing:
    case Owed::Handshake:
    case Owed::Auth:
      return close(reply::kLocalError, "a mistake on our side: refused what was not asked for");
  }
  if (closing) return close(line, "refused with 421");
  say(line);
}

}  // namespace postseal::smtpd
