// SPDX-License-Identifier: Apache-2.0
// main() of every fuzz target in normal builds: runs the target once over each file of the folders given, so that what
// fuzzing once found stays found. A folder that is missing or empty fails: a corpus that nobody reads protects nobody.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// Number of files run; 0 means failure, already reported.
std::size_t replay(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file()) files.push_back(entry->path());
  }
  if (error) {
    std::fprintf(stderr, "%s: %s\n", folder.c_str(), error.message().c_str());
    return 0;
  }
  if (files.empty()) std::fprintf(stderr, "%s: no file in it\n", folder.c_str());
  std::ranges::sort(files);
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad()) {
      std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
      return 0;
    }
    // Said before the run: when the target dies, the last line names the file. Exactly as many bytes as there are, so
    // that AddressSanitizer sees a read behind them.
    std::printf("%s (%zu bytes)\n", path.c_str(), bytes.size());
    std::fflush(stdout);
    bytes.shrink_to_fit();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  return files.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER...\n", argv[0]);
    return 64;
  }
  for (int i = 1; i < argc; ++i) {
    if (replay(argv[i]) == 0) return 1;
  }
  return 0;
}
