#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a run of a world looks like: a table for people, one JSON document for machines.
#include <string>
#include <vector>

#include "lab/compare.h"

namespace postseal::lab {

struct ReportStyle {
  bool colour = false;   ///< for terminals
  bool verbose = false;  ///< also what each case is about
};

/// The table, then each mismatch with its explanation, then "N cases, N as expected, N not".
std::string format_table(const std::vector<CaseResult>& results, ReportStyle style);

/// docs/lab.md documents its keys.
std::string format_json(const std::string& world, const std::vector<CaseResult>& results);

}  // namespace postseal::lab
