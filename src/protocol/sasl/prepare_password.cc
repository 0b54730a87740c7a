// SPDX-License-Identifier: Apache-2.0
// RFC 8265 §4.2 OpaqueString: so that a password is the same whatever keyboard it comes from.
#include <unictype.h>
#include <uninorm.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "protocol/sasl/exchange.h"
#include "protocol/sasl/utf8.h"

namespace postseal::sasl {
namespace {

constexpr std::size_t kMaxPassword = 1024;

/// uninorm's answer belongs to us. nullopt for want of memory.
std::optional<std::u32string> normalise(uninorm_t form, std::u32string_view points) {
  std::size_t length = 0;
  auto free_it = [](std::uint32_t* each) { std::free(each); };
  std::unique_ptr<std::uint32_t, decltype(free_it)> result(
      u32_normalize(form, reinterpret_cast<const std::uint32_t*>(points.data()), points.size(), nullptr, &length),
      free_it);
  if (!result) return std::nullopt;
  return std::u32string(result.get(), result.get() + length);
}

/// RFC 8264 §9.6: what is another way to write other characters is allowed, unlike in names.
bool has_compatible_form(char32_t point) {
  auto same = normalise(UNINORM_NFKC, std::u32string_view(&point, 1));
  return same && *same != std::u32string_view(&point, 1);
}

/// RFC 8264 §9.9 OldHangulJamo, §9.6 and RFC 5892 §2.6 exceptions that are disallowed.
bool is_exception(char32_t c) {
  return (c >= 0x1100 && c <= 0x11ff) || (c >= 0xa960 && c <= 0xa97f) || (c >= 0xd7b0 && c <= 0xd7ff) || c == 0x0640 ||
         c == 0x07fa || c == 0x302e || c == 0x302f || (c >= 0x3031 && c <= 0x3035) || c == 0x303b;
}

/// RFC 8264 §4.3, §8: FreeformClass. Contextual rules (joiners, a few digits) are not looked at: allowed.
bool is_freeform(char32_t point) {
  if (point < 0x7f) return point >= 0x20;
  if (point == 0x200c || point == 0x200d) return true;
  if (is_exception(point)) return false;
  if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Cs)) {
    return false;
  }
  if (uc_is_property_default_ignorable_code_point(point) || uc_is_property_not_a_character(point)) return false;
  // RFC 8264 §9.1, §9.18, §9.14 to §9.16
  if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M |
                                                  UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_P)) {
    return true;
  }
  return has_compatible_form(point);
}

}  // namespace

std::optional<std::string> prepare_password(std::string_view utf8) {
  // RFC 8265 §4.2.1: not empty, UTF-8.
  if (utf8.empty() || utf8.size() > kMaxPassword) return std::nullopt;
  auto points = decode_utf8(utf8);
  // RFC 8265 §4.2.1 MUST: only what FreeformClass allows; no control characters.
  if (!points || !std::ranges::all_of(*points, is_freeform)) return std::nullopt;
  // RFC 8265 §4.2.2 MUST: any other space is the ASCII one; case and width stay; NFC.
  std::ranges::replace_if(
      *points, [](char32_t c) { return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Zs); }, U' ');
  auto normal = normalise(UNINORM_NFC, *points);
  if (!normal || normal->empty()) return std::nullopt;
  return encode_utf8(*normal);
}

}  // namespace postseal::sasl
