// SPDX-License-Identifier: Apache-2.0
// rooms: flow/inbound
// A letter's header in pieces as they come: what is noted and what goes on does not depend on where it was cut, another
// server's letter is not touched, and a user's loses its Bcc. Input: one octet for the size of the pieces, the letter.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flow/inbound/header_editor.h"

namespace {

using namespace postseal::inbound;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Edited {
  std::string text, id;
  bool no = false, verified = false;
  bool operator==(const Edited&) const = default;
};

Edited edit(std::string_view letter, Editing editing, std::size_t step) {
  HeaderEditor editor(editing, "DATE", "ID");
  Edited edited;
  for (std::size_t at = 0; at < letter.size(); at += step) editor.feed(letter.substr(at, step), edited.text);
  editor.finish(edited.text);
  edited.no = editor.tls_required_no();
  edited.verified = editor.only_if_verified();
  edited.id = editor.message_id();
  return edited;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view letter(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t step = data[0] % 97 + 1u;
  const auto noted = edit(letter, Editing::Note, step);
  require(noted.text == letter);
  require(noted == edit(letter, Editing::Note, size));
  require(edit(letter, Editing::Complete, step) == edit(letter, Editing::Complete, size));
  return 0;
}
