// SPDX-License-Identifier: Apache-2.0
// `postseal send`: one message, now, without a queue.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "face/cli/cli.h"
#include "face/cli/letter_file.h"
#include "face/cli/run.h"

namespace postseal::cli {

namespace {

struct SendOptions {
  CommonOptions common;
  std::string from;
  bool from_given = false;
  std::vector<std::string> to;
  std::string file;
  bool requiretls = false;
  std::string notify, ret, envid;
};

/// user@host of whoever calls.
std::string default_sender(const std::string& hostname) {
  const passwd* entry = ::getpwuid(::getuid());
  return fmt::format("{}@{}", entry ? entry->pw_name : "postmaster", hostname);
}

std::expected<outbound::Letter, std::string> envelope(const SendOptions& options, const std::string& hostname) {
  outbound::Letter letter;
  const std::string from = options.from_given ? options.from : default_sender(hostname);
  if (!from.empty() && from != "<>") {
    auto sender = Mailbox::parse(from);
    if (!sender) return std::unexpected(fmt::format("--from {}: {}", from, sender.error().context));
    letter.from = std::move(*sender);
  }
  for (const std::string& text : options.to) {
    auto recipient = Mailbox::parse(text);
    if (!recipient) return std::unexpected(fmt::format("--to {}: {}", text, recipient.error().context));
    if (std::ranges::find(letter.recipients, *recipient) == letter.recipients.end())
      letter.recipients.push_back(std::move(*recipient));
  }
  letter.requiretls = options.requiretls;
  letter.dsn = {options.envid, options.ret, options.notify};
  return letter;
}

void print_for_people(const std::vector<outbound::DeliveryRecord>& records) {
  std::size_t width = 0, delivered = 0, deferred = 0, bounced = 0;
  for (const auto& record : records)
    for (const auto& verdict : record.recipients) width = std::max(width, verdict.recipient.to_string().size());
  for (const auto& record : records) {
    for (const auto& verdict : record.recipients) {
      switch (verdict.outcome) {
        case DeliveryOutcome::Delivered:
          ++delivered;
          break;
        case DeliveryOutcome::Deferred:
          ++deferred;
          break;
        case DeliveryOutcome::Bounced:
          ++bounced;
          break;
      }
      fmt::print("{:{}}  {:9}  {:7}  {}\n", verdict.recipient.to_string(), width, to_string(verdict.outcome),
                 verdict.status.to_string(), verdict.explanation);
    }
  }
  fmt::print("{} delivered, {} to be tried again, {} refused\n", delivered, deferred, bounced);
}

void print_for_programs(const std::vector<outbound::DeliveryRecord>& records) {
  fmt::print("[");
  const char* separator = "";
  for (const auto& record : records) {
    fmt::print("{}{}", separator, outbound::to_json(record));
    separator = ",\n";
  }
  fmt::print("]\n");
}

/// sysexits.h: 75 when something is to be tried again, else by the first permanent failure.
int exit_code_for(const std::vector<outbound::DeliveryRecord>& records) {
  int code = kOk;
  for (const auto& record : records) {
    for (const auto& verdict : record.recipients) {
      if (verdict.outcome == DeliveryOutcome::Deferred) return kTemporary;
      if (verdict.outcome != DeliveryOutcome::Bounced || code != kOk) continue;
      const auto& status = verdict.status;
      code = status.subject == 1 && (status.detail == 2 || status.detail == 10) ? kNoHost
             : status.subject == 6                                              ? kDataError
                                                                                : kUnavailable;
    }
  }
  return code;
}

Awaitable<int> send(Workplace place, const SendOptions& options, LetterFile& file) {
  auto letter = envelope(options, place.adapters.settings().delivery.hostname);
  if (!letter) co_return fail(kUsage, letter.error());
  letter->facts = file.facts;
  letter->open = file.open;
  outbound::Outbound out(place.adapters.services(), place.adapters.settings(),
                         observer_for(place.options, !place.options.json && ::isatty(STDERR_FILENO)));
  const auto records = co_await out.send(std::move(*letter));
  co_await out.close();
  place.options.json ? print_for_programs(records) : print_for_people(records);
  co_return exit_code_for(records);
}

int send_now(const SendOptions& options) {
  auto file = open_letter(options.file);
  if (!file) return fail(file.error().exit_code, file.error().what);
  return run_with_adapters(options.common, [&](Workplace place) { return send(place, options, *file); });
}

}  // namespace

void add_send(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SendOptions>();
  CLI::App* command = app.add_subcommand("send", "Deliver one message now, to servers that prove themselves");
  command->add_option("--from", options->from, "Envelope sender; \"\" or <> for none")
      ->option_text("ADDRESS [you@host]");
  command->add_option("--to", options->to, "Recipient; may be given several times")
      ->required()
      ->allow_extra_args(false)
      ->option_text("ADDRESS");
  command->add_option("FILE", options->file, "The message (RFC 5322); - for standard input")->required();
  command->add_flag("--requiretls", options->requiretls, "Only to verified servers that promise the same (RFC 8689)");
  command->add_option("--dsn-notify", options->notify, "NEVER, or a list of SUCCESS,FAILURE,DELAY (RFC 3461)")
      ->check([](const std::string& value) {
        if (value == "NEVER") return std::string();
        for (const auto& word : CLI::detail::split(value, ',')) {
          if (word != "SUCCESS" && word != "FAILURE" && word != "DELAY") {
            return "\"" + value + "\" is neither NEVER nor a list of SUCCESS,FAILURE,DELAY";
          }
        }
        return std::string();
      });
  command->add_option("--dsn-return", options->ret, "FULL or HDRS (RFC 3461)")->check(CLI::IsMember({"FULL", "HDRS"}));
  add_common_options(*command, options->common);
  command->footer(
      "Exit codes: 0 all delivered, 75 something to be tried again, 68 no such domain, 69 refused,\n"
      "65 the message is no good, 64 usage, 66 no such file, 78 settings.");
  command->callback([options, command, &exit_code] {
    options->from_given = command->count("--from") > 0;
    exit_code = send_now(*options);
  });
}

}  // namespace postseal::cli
