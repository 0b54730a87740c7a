// SPDX-License-Identifier: Apache-2.0
#include "edge/accounts/account_file.h"

#include <sys/stat.h>

#include <boost/json.hpp>

#include "edge/store/atomic_file.h"
#include "vocab/ascii.h"
#include "vocab/codec.h"

namespace postseal::accounts {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr std::size_t kMostName = 250;
constexpr int kFormat = 1;

std::string to_text(std::string_view bytes) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string from_text(const json::value& text) {
  const auto bytes = from_base64(text.as_string());
  if (!bytes) throw std::invalid_argument("not base64");
  return {bytes->begin(), bytes->end()};
}

json::object format_secret(const Secret& secret) {
  return {{"argon2id", secret.argon2id},
          {"scram_sha_256",
           {{"salt", to_text(secret.scram.salt)},
            {"iterations", secret.scram.iterations},
            {"stored_key", to_text(secret.scram.stored_key)},
            {"server_key", to_text(secret.scram.server_key)}}}};
}

Secret parse_secret(const json::object& object) {
  const auto& scram = object.at("scram_sha_256").as_object();
  return {std::string(object.at("argon2id").as_string()),
          {from_text(scram.at("salt")), json::value_to<std::uint32_t>(scram.at("iterations")),
           from_text(scram.at("stored_key")), from_text(scram.at("server_key"))}};
}

json::array format_mailboxes(const std::vector<Mailbox>& mailboxes) {
  json::array list;
  for (const Mailbox& mailbox : mailboxes) list.emplace_back(mailbox.to_string());
  return list;
}

Mailbox parse_mailbox(const json::value& text) {
  auto mailbox = Mailbox::parse(std::string_view(text.as_string()));
  if (!mailbox) throw std::invalid_argument(mailbox.error().context);
  return std::move(*mailbox);
}

std::vector<Mailbox> parse_mailboxes(const json::value& list) {
  std::vector<Mailbox> mailboxes;
  for (const auto& item : list.as_array()) mailboxes.push_back(parse_mailbox(item));
  return mailboxes;
}

AccountRecord read_record(const json::object& object) {
  if (object.at("format").to_number<int>() != kFormat) throw std::invalid_argument("of a newer version");
  AccountRecord record;
  record.address = parse_mailbox(object.at("address"));
  record.password = parse_secret(object.at("password").as_object());
  for (const auto& item : object.at("app_passwords").as_array()) {
    const auto& app = item.as_object();
    record.app_passwords.push_back({std::string(app.at("name").as_string()),
                                    WallTime{Seconds{app.at("created").to_number<std::int64_t>()}},
                                    std::string(app.at("begins").as_string()), parse_secret(app)});
  }
  record.may_send_as = parse_mailboxes(object.at("may_send_as"));
  record.forward_to = parse_mailboxes(object.at("forward_to"));
  record.keep_copy = object.at("keep_copy").as_bool();
  record.locked = object.at("locked").as_bool();
  if (const auto* totp = object.if_contains("totp_secret")) record.totp_secret = totp->as_string();
  return record;
}

}  // namespace

AccountInfo AccountRecord::info() const {
  AccountInfo info{address, {}, may_send_as, forward_to, keep_copy, locked};
  for (const auto& app : app_passwords) info.app_passwords.push_back({app.name, app.created});
  return info;
}

std::string format_account(const AccountRecord& record) {
  json::array apps;
  for (const auto& app : record.app_passwords) {
    json::object object{
        {"name", app.name}, {"created", app.created.time_since_epoch().count()}, {"begins", app.begins}};
    for (auto& [key, value] : format_secret(app.secret)) object.emplace(key, value);
    apps.push_back(std::move(object));
  }
  json::object object{{"format", kFormat},
                      {"address", record.address.to_string()},
                      {"password", format_secret(record.password)},
                      {"app_passwords", std::move(apps)},
                      {"may_send_as", format_mailboxes(record.may_send_as)},
                      {"forward_to", format_mailboxes(record.forward_to)},
                      {"keep_copy", record.keep_copy},
                      {"locked", record.locked}};
  if (!record.totp_secret.empty()) object.emplace("totp_secret", record.totp_secret);
  return json::serialize(object) + "\n";
}

std::expected<AccountRecord, std::string> parse_account(std::string_view text) {
  try {
    json::parse_options options;
    options.max_depth = 8;
    return read_record(json::parse(text, {}, options).as_object());
  } catch (const std::exception& error) {
    return std::unexpected(std::string("not an account: ") + error.what());
  }
}

std::optional<Mailbox> canonical_login(std::string_view user) {
  auto mailbox = Mailbox::parse(to_lower(user));
  if (!mailbox || !std::holds_alternative<Domain>(mailbox->destination())) return std::nullopt;
  return std::move(*mailbox);
}

std::string file_name_of(const Mailbox& login) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string name;
  for (const char c : login.to_string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' ||
                       c == '@' || (c == '.' && !name.empty());
    if (plain) {
      name += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      name += {'%', kHex[octet >> 4], kHex[octet & 15]};
    }
  }
  return name + ".json";
}

std::expected<std::optional<AccountRecord>, std::string> load_account(const std::string& directory,
                                                                      const Mailbox& login) {
  const std::string name = file_name_of(login);
  if (name.size() > kMostName) return std::optional<AccountRecord>();  // none can have been saved
  const std::string path = directory + "/" + name;
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    return std::unexpected(path + ": others may read or write it: chmod 600 is needed");
  auto text = store::read_file(path, kMostBytes);
  if (!text) return std::unexpected(path + ": " + text.error());
  if (!*text) return std::optional<AccountRecord>();
  if ((*text)->size() > kMostBytes) return std::unexpected(path + ": too large for an account");
  auto record = parse_account(**text);
  if (!record) return std::unexpected(path + ": " + record.error());
  return std::optional<AccountRecord>(std::move(*record));
}

std::expected<void, std::string> save_account(const std::string& directory, const AccountRecord& record) {
  if (file_name_of(record.address).size() > kMostName)
    return std::unexpected("the address is too long for a file name");
  if (auto made = store::make_directory(directory); !made) return made;
  return store::replace_file(directory, file_name_of(record.address), format_account(record));
}

}  // namespace postseal::accounts
