// SPDX-License-Identifier: Apache-2.0
#include "lab/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string_view>

namespace postseal::lab {

namespace {

namespace json = boost::json;

constexpr std::size_t kColumns = 7;
using Line = std::array<std::string, kColumns>;

struct Row {
  Line cells;
  bool good = true;
};

/// Continuation bytes of UTF-8 take no place on the screen.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t to) {
  return text + std::string(to > width(text) ? to - width(text) : 0, ' ');
}

std::string painted(const std::string& text, bool good, bool colour) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", good ? "32" : "1;31", text) : text;
}

std::string shown_or_kept(const RecipientRow& row) {
  if (!row.proof.empty()) return row.proof;
  return row.status.empty() ? row.explanation : fmt::format("{} {}", row.status, row.explanation);
}

std::vector<Row> rows_of(const CaseResult& result) {
  std::vector<Row> rows;
  if (!result.trouble.empty()) rows.push_back({{"NOT", result.name, "", "", "", "", result.trouble}, false});
  for (const RecipientRow& row : result.rows) {
    const bool good = row.mismatches.empty() && result.mismatches.empty();
    rows.push_back(
        {{good ? "ok" : "NOT", result.name, row.recipient, row.publishes, row.outcome, row.host, shown_or_kept(row)},
         good});
  }
  return rows;
}

std::string format_mismatch(const Mismatch& mismatch) {
  return fmt::format("    {}: expected {}, observed {}\n", mismatch.what,
                     mismatch.expected.empty() ? "nothing" : mismatch.expected,
                     mismatch.observed.empty() ? "nothing" : mismatch.observed);
}

std::string format_failure(const CaseResult& result) {
  std::string text = fmt::format("\n{}{}\n", result.name, result.about.empty() ? "" : ": " + result.about);
  if (!result.trouble.empty()) text += fmt::format("    could not run: {}\n", result.trouble);
  for (const Mismatch& mismatch : result.mismatches) text += format_mismatch(mismatch);
  for (const RecipientRow& row : result.rows) {
    if (row.mismatches.empty() && result.mismatches.empty()) continue;
    text += fmt::format("  {}: {} {}\n", row.recipient, row.status, row.explanation);
    for (const Mismatch& mismatch : row.mismatches) text += format_mismatch(mismatch);
  }
  return text;
}

json::array to_json(const std::vector<Mismatch>& mismatches) {
  json::array list;
  for (const Mismatch& mismatch : mismatches) {
    list.push_back(
        json::object{{"what", mismatch.what}, {"expected", mismatch.expected}, {"observed", mismatch.observed}});
  }
  return list;
}

json::object to_json(const RecipientRow& row) {
  return {{"recipient", row.recipient},
          {"outcome", row.outcome},
          {"publishes", row.publishes},
          {"host", row.host},
          {"proof", row.proof},
          {"status", row.status},
          {"explanation", row.explanation},
          {"mismatches", to_json(row.mismatches)}};
}

json::object to_json(const CaseResult& result) {
  json::array rows, records;
  for (const RecipientRow& row : result.rows) rows.push_back(to_json(row));
  for (const auto& record : result.records) records.push_back(json::parse(outbound::to_json(record)));
  return {{"case", result.name},       {"about", result.about},
          {"trouble", result.trouble}, {"as_expected", result.as_expected()},
          {"recipients", rows},        {"mismatches", to_json(result.mismatches)},
          {"records", records}};
}

}  // namespace

std::string format_table(const std::vector<CaseResult>& results, ReportStyle style) {
  std::vector<Row> rows = {{{"", "case", "recipient", "published", "outcome", "server", "proved, or why it was kept"}}};
  for (const CaseResult& result : results) {
    for (Row& row : rows_of(result)) rows.push_back(std::move(row));
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width(row.cells[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    std::string line = painted(padded(row.cells[0], widths[0]), row.good, style.colour && r > 0);
    for (std::size_t i = 1; i < kColumns; ++i) {
      line += "  " + (i + 1 < kColumns ? padded(row.cells[i], widths[i]) : row.cells[i]);
    }
    text += line + "\n";
  }
  if (style.verbose) {
    text += "\n";
    for (const CaseResult& result : results) text += fmt::format("{}: {}\n", result.name, result.about);
  }
  const auto good = std::ranges::count_if(results, &CaseResult::as_expected);
  for (const CaseResult& result : results) {
    if (!result.as_expected()) text += format_failure(result);
  }
  const auto bad = static_cast<std::ptrdiff_t>(results.size()) - good;
  return text + "\n" +
         painted(fmt::format("{} cases, {} as expected, {} not", results.size(), good, bad), bad == 0, style.colour) +
         "\n";
}

std::string format_json(const std::string& world, const std::vector<CaseResult>& results) {
  json::array cases;
  for (const CaseResult& result : results) cases.push_back(to_json(result));
  const auto good = std::ranges::count_if(results, &CaseResult::as_expected);
  const json::object document{{"world", world},
                              {"cases", cases},
                              {"count", results.size()},
                              {"as_expected", good},
                              {"not_as_expected", static_cast<std::ptrdiff_t>(results.size()) - good}};
  return json::serialize(document) + "\n";
}

}  // namespace postseal::lab
