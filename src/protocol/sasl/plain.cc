// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/plain.h"

#include <utility>

#include "protocol/sasl/utf8.h"

namespace postseal::sasl {
namespace {

// RFC 4616 §2 has 1 to MAX octets and leaves MAX open; an account's name is an address.
constexpr std::size_t kMaxName = 320;
constexpr std::size_t kMaxPassword = 1024;

bool is_name(std::string_view text) { return !text.empty() && text.size() <= kMaxName && is_clean_utf8(text); }

/// What both mechanisms do once they have a name and a password.
class PasswordExchange : public Exchange {
 public:
  Step password_checked(bool right) override {
    if (!asked_) return refuse(Failure::Malformed);
    if (!right) return refuse(Failure::WrongPassword);
    asked_ = false;
    return Accepted{.user = user_, .final_data = {}};
  }
  Step keys_found(const ScramKeys&, bool) override { return refuse(Failure::Malformed); }

 protected:
  Step check(std::string_view password) {
    if (password.empty() || password.size() > kMaxPassword) return refuse(Failure::Malformed);
    // RFC 4616 §2 MUST: prepared as it was when it was set. What cannot be a password is not that of any user, so
    // that the quick answer tells nothing.
    auto prepared = prepare_password(password);
    if (!prepared) return refuse(Failure::WrongPassword);
    asked_ = true;
    return CheckPassword{.user = user_, .password = std::move(*prepared)};
  }
  Step refuse(Failure failure) {
    asked_ = false;
    return Refused{.failure = failure, .user = user_};
  }

  std::string user_;

 private:
  bool asked_ = false;
};

class Plain final : public PasswordExchange {
 public:
  Step respond(std::optional<std::string_view> response) override {
    if (!response && !started_) {
      started_ = true;
      return Challenge{};
    }
    if (!response || answered_) return refuse(Failure::Malformed);
    answered_ = true;
    // RFC 4616 §2: [authzid] NUL authcid NUL passwd
    std::size_t first = response->find('\0');
    std::size_t second = first == std::string_view::npos ? first : response->find('\0', first + 1);
    if (second == std::string_view::npos) return refuse(Failure::Malformed);
    std::string_view authzid = response->substr(0, first);
    std::string_view authcid = response->substr(first + 1, second - first - 1);
    std::string_view password = response->substr(second + 1);
    // RFC 4616 §2 MUST: UTF-8; a NUL in the password would be a third one.
    if (!is_name(authcid) || password.contains('\0')) return refuse(Failure::Malformed);
    user_ = authcid;
    // RFC 4616 §2 MUST: nobody acts for another here.
    if (!authzid.empty() && authzid != authcid) return refuse(Failure::AuthorizationDenied);
    return check(password);
  }

 private:
  bool started_ = false, answered_ = false;
};

class Login final : public PasswordExchange {
 public:
  Step respond(std::optional<std::string_view> response) override {
    switch (std::exchange(at_, At::Done)) {
      case At::Start:
        if (!response) {
          at_ = At::Name;
          return Challenge{"Username:"};
        }
        return take_name(*response);
      case At::Name:
        return response ? take_name(*response) : refuse(Failure::Malformed);
      case At::Password:
        return response ? check(*response) : refuse(Failure::Malformed);
      case At::Done:
        break;
    }
    return refuse(Failure::Malformed);
  }

 private:
  enum class At { Start, Name, Password, Done };

  Step take_name(std::string_view name) {
    if (!is_name(name)) return refuse(Failure::Malformed);
    user_ = name;
    at_ = At::Password;
    return Challenge{"Password:"};
  }

  At at_ = At::Start;
};

}  // namespace

std::unique_ptr<Exchange> start_plain() { return std::make_unique<Plain>(); }
std::unique_ptr<Exchange> start_login() { return std::make_unique<Login>(); }

}  // namespace postseal::sasl
