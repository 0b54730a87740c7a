#pragma once
// SPDX-License-Identifier: Apache-2.0
// The load tools' command lines: --name value, or --name alone.
#include <cstdlib>
#include <map>
#include <string>

namespace load {

class Arguments {
 public:
  Arguments(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string name = words[i];
      const bool has_value = i + 1 < count && std::string(words[i + 1]).rfind("--", 0) != 0;
      values_[name] = has_value ? words[++i] : "";
    }
  }
  bool has(const std::string& name) const { return values_.contains(name); }
  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  long number(const std::string& name, long otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::atol(found->second.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace load
