// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/header_watch.h"

#include <algorithm>

#include "vocab/ascii.h"

namespace postseal::smtpd {

void HeaderWatch::end_name() {
  if (name_length_ == name_.size() && std::string_view(name_.data(), name_.size()) == "received") ++received_;
}

void HeaderWatch::note_octets(std::string_view octets) {
  if (strayed_ || utf8_) return;
  utf8_ = std::ranges::any_of(octets, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

void HeaderWatch::take(std::string_view piece) {
  for (std::size_t i = 0; i < piece.size() && place_ != Place::Body; ++i) {
    char c = piece[i];
    switch (place_) {
      case Place::LineStart:
        name_length_ = 0;
        if (c == ' ' || c == '\t') {
          place_ = Place::Rest;
          break;
        }
        if (c == '\r') {
          place_ = Place::AfterCr;
          break;
        }
        place_ = Place::Name;
        [[fallthrough]];
      case Place::Name:
        if (c == ':') {
          end_name();
          place_ = Place::Rest;
        } else if (c == ' ' || c == '\t') {
          place_ = Place::AfterName;
        } else if (c == '\r') {
          // RFC 5322 §2.1: the empty line ends the header, and nothing else does, for us as for all others who look for
          // fields: or one such line would hide the Received fields of a loop.
          strayed_ = true;
          place_ = Place::Rest;
        } else {
          note_octets({&c, 1});
          if (name_length_ < name_.size()) name_[name_length_] = ascii_lower(c);
          name_length_ = static_cast<std::uint8_t>(std::min<std::size_t>(name_length_ + 1U, name_.size() + 1));
        }
        break;
      case Place::AfterName:
        // RFC 5322 §4.5: blanks before the colon are obsolete, and still counted.
        if (c == ':') {
          end_name();
          place_ = Place::Rest;
        } else if (c != ' ' && c != '\t') {
          strayed_ = true;
          place_ = Place::Rest;
        }
        break;
      case Place::Rest: {
        std::size_t end = std::min(piece.find('\n', i), piece.size());
        std::string_view rest = piece.substr(i, end - i);
        note_octets(rest);
        octets_ += rest.size();
        i = end;
        if (i == piece.size()) return;
        place_ = Place::LineStart;
        break;
      }
      case Place::AfterCr:
        place_ = Place::Body;
        break;
      case Place::Body:
        break;
    }
    ++octets_;
  }
}

}  // namespace postseal::smtpd
