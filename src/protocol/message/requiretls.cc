// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/requiretls.h"

namespace postseal::message {

bool value_says_no(std::string_view value) {
  // RFC 8689 §3 (X07): "No" is the only value, in any case, with white space around it. Anything else, comments too, is
  // ignored: the field asks for less protection, so what is not plainly it does not count.
  std::size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  value = value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
  return value.size() == 2 && (value[0] == 'N' || value[0] == 'n') && (value[1] == 'O' || value[1] == 'o');
}

}  // namespace postseal::message
