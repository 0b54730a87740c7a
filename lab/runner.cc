// SPDX-License-Identifier: Apache-2.0
#include "lab/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "lab/engine.h"
#include "lab/letter.h"

namespace postseal::lab {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kRealServersNeed{15};
constexpr milliseconds kLook{50};

struct CaseRun {
  Observation seen;
  std::string trace;
};

/// A folder name for a case, whatever it is called.
std::string folder_of(const CaseSpec& spec, std::size_t index) {
  std::string name = fmt::format("{}-{}", index, spec.name);
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c) && c != '-'; }, '_');
  return name;
}

CaseRun run_case(const StandingWorld& world, const CaseSpec& spec, std::size_t index, std::string_view run) {
  CaseRun result;
  const auto fail = [&](std::string why) {
    result.seen.trouble = std::move(why);
    return result;
  };
  settings::Settings settings;
  world.apply(settings);
  settings.cache_dir = (world.premises().directory / "cache" / folder_of(spec, index)).string();
  if (auto applied = apply_case(spec, settings); !applied) return fail(applied.error());
  if (auto seeded = seed_policy_cache(world.world(), settings.cache_dir); !seeded) return fail(seeded.error());
  auto letter = letter_for(spec, world.premises().world_file.string(), run);
  if (!letter) return fail(letter.error());
  auto sent = send_case(spec, std::move(*letter), std::move(settings));
  if (!sent) return fail(sent.error());
  result.seen.records = std::move(sent->records);
  result.seen.wire = std::move(sent->wire);
  result.trace = std::move(sent->trace);
  return result;
}

std::string new_run() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

/// How many letters the real servers owe: one for each recipient that they said yes to.
std::size_t due_at_real_servers(const StandingWorld& world, const std::vector<CaseRun>& runs) {
  std::size_t due = 0;
  for (const CaseRun& run : runs) {
    for (const auto& record : run.seen.records) {
      due += static_cast<std::size_t>(std::ranges::count_if(record.recipients, [&](const auto& verdict) {
        return verdict.outcome == DeliveryOutcome::Delivered && world.is_real(verdict.host);
      }));
    }
  }
  return due;
}

/// Real servers answer first and put the letter into the mailbox then: given time, not for ever.
std::map<Domain, std::vector<std::string>> collect_real_letters(const StandingWorld& world, std::size_t due) {
  const Deadline patience = Deadline::in(kRealServersNeed);
  while (true) {
    auto letters = world.real_letters();
    std::size_t arrived = 0;
    for (const auto& [host, files] : letters) arrived += files.size();
    if (arrived >= due || patience.passed()) return letters;
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

RunResult run_cases(StandingWorld& world, const RunSettings& settings) {
  const std::string run = new_run();
  std::vector<CaseRun> runs(settings.cases.size());
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> workers;
    const std::size_t count = std::min<std::size_t>(settings.at_once, runs.size());
    for (std::size_t i = 0; i < count; ++i) {
      workers.emplace_back([&] {
        for (std::size_t index = next++; index < runs.size(); index = next++) {
          runs[index] = run_case(world, settings.cases[index], index, run);
        }
      });
    }
  }
  // Looked at only now, when nothing is under way any more: what reached a server late counts too.
  const auto real_letters = collect_real_letters(world, due_at_real_servers(world, runs));
  const auto asked = world.asked();
  const auto sessions = world.log().sessions();
  RunResult result;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].seen.real_letters = real_letters;
    runs[i].seen.asked = asked;
    runs[i].seen.sessions = sessions;
    result.cases.push_back(compare(settings.cases[i], std::move(runs[i].seen)));
    result.traces.push_back(std::move(runs[i].trace));
  }
  return result;
}

std::expected<std::vector<CaseSpec>, std::string> select_cases(const World& world,
                                                               const std::vector<std::string>& names) {
  if (names.empty()) return world.cases;
  const auto meant_by = [](const std::string& name, const CaseSpec& spec) {
    return spec.name == name || spec.name.starts_with(name + "-");
  };
  for (const std::string& name : names) {
    if (std::ranges::none_of(world.cases, [&](const CaseSpec& spec) { return meant_by(name, spec); })) {
      return std::unexpected(fmt::format("there is no case {} in world {}", name, world.name));
    }
  }
  std::vector<CaseSpec> cases;
  for (const CaseSpec& spec : world.cases) {
    if (std::ranges::any_of(names, [&](const std::string& name) { return meant_by(name, spec); }))
      cases.push_back(spec);
  }
  return cases;
}

}  // namespace postseal::lab
