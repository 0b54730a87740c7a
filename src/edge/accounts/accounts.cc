// SPDX-License-Identifier: Apache-2.0
#include "edge/accounts/accounts.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "edge/accounts/account_file.h"
#include "edge/accounts/password_hash.h"
#include "edge/accounts/throttle.h"
#include "edge/store/atomic_file.h"

namespace postseal::accounts {

namespace asio = boost::asio;

namespace {

/// RFC 7677 §4: 4096 at least. SCRAM's hash is fast by its nature; the file's mode is what protects these keys.
constexpr std::uint32_t kScramIterations = 10'000;
constexpr std::size_t kScramSalt = 16, kServerSecret = 32;
constexpr std::size_t kAppLength = 20, kAppPrefix = 4;
/// Logins that wait for a thread, for each thread: some seconds of work. More are told to come back.
constexpr int kWaitingForEach = 64;
constexpr char kSecretFile[] = ".secret";

/// What was typed without the blanks and hyphens that people put into it; empty if it cannot be an app password.
std::string app_password_in(std::string_view typed) {
  std::string plain;
  for (const char c : typed) {
    if (c == ' ' || c == '-') continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool base32 = (lower >= 'a' && lower <= 'z') || (lower >= '2' && lower <= '7');
    if (!base32 || plain.size() == kAppLength) return {};
    plain += lower;
  }
  return plain.size() == kAppLength ? plain : std::string();
}

std::string new_app_password(std::string_view random) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string password;
  for (const char octet : random) password += kLetters[static_cast<unsigned char>(octet) & 31];
  return password;
}

}  // namespace

struct Accounts::Impl {
  Impl(std::string in, const Clock& with, unsigned threads)
      : directory(std::move(in)),
        clock(with),
        throttle(with),
        most_waiting(static_cast<int>(std::max(1u, threads)) * kWaitingForEach),
        pool(std::max(1u, threads)) {}

  std::expected<Secret, std::string> make_secret(std::string_view password, std::string salt) const;
  const std::string& server_secret();
  std::optional<std::string> dummy_hash();
  LoginVerdict judge(const std::string& user, const std::string& password);
  std::optional<Keys> find_keys(const std::string& user);
  Keys made_up_keys(const std::string& user);
  std::expected<AccountRecord, std::string> existing(const Mailbox& address) const;

  std::string directory;
  const Clock& clock;
  Throttle throttle;
  std::mutex writing;  ///< of account files, by this process
  std::once_flag secret_once, dummy_once;
  std::string secret;
  std::optional<std::string> dummy;
  const int most_waiting;
  std::atomic<int> waiting = 0;
  asio::thread_pool pool;  ///< declared last: its threads end before what they use
};

namespace {

/// Counts a login among those that wait, if there is room.
class Place {
 public:
  Place(std::atomic<int>& waiting, int most) : waiting_(waiting), taken_(waiting.fetch_add(1) < most) {}
  ~Place() { waiting_.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<int>& waiting_;
  bool taken_;
};

}  // namespace

const std::string& Accounts::Impl::server_secret() {
  std::call_once(secret_once, [&] {
    auto kept = store::read_file(directory + "/" + kSecretFile, kServerSecret);
    if (kept && *kept && (*kept)->size() == kServerSecret) {
      secret = **kept;
      return;
    }
    secret = random_bytes(kServerSecret).value_or(std::string(kServerSecret, '\0'));
    // Without a file the made-up keys change at every start: that tells apart who exists, a little, and harms nobody.
    if (store::make_directory(directory)) (void)store::replace_file(directory, kSecretFile, secret);
  });
  return secret;
}

std::optional<std::string> Accounts::Impl::dummy_hash() {
  std::call_once(dummy_once, [&] {
    const auto nobody = random_bytes(kServerSecret);
    if (nobody) dummy = hash_password(*nobody);
  });
  return dummy;
}

/// One hash is computed whoever asks for whom: the account's, an app password's, or one that fits nothing.
LoginVerdict Accounts::Impl::judge(const std::string& user, const std::string& typed) {
  const auto login = canonical_login(user);
  std::optional<AccountRecord> record;
  if (login) {
    auto loaded = load_account(directory, *login);
    if (!loaded) return LoginVerdict::Unavailable;
    record = std::move(*loaded);
  }
  const auto prepared = sasl::prepare_password(typed);
  if (!record || !prepared) {
    const auto hash = dummy_hash();
    if (!hash || !verify_password(typed, *hash)) return LoginVerdict::Unavailable;
    return LoginVerdict::Wrong;
  }
  const std::string app = app_password_in(typed);
  std::optional<bool> right;
  const auto candidate = std::ranges::find_if(record->app_passwords, [&](const AppSecret& secret) {
    return !app.empty() && secret.begins == app.substr(0, kAppPrefix);
  });
  if (candidate != record->app_passwords.end()) {
    right = verify_password(app, candidate->secret.argon2id);
    if (right && !*right) right = verify_password(*prepared, record->password.argon2id);
  } else {
    right = verify_password(*prepared, record->password.argon2id);
  }
  if (!right) return LoginVerdict::Unavailable;
  if (!*right) return LoginVerdict::Wrong;
  return record->locked ? LoginVerdict::Locked : LoginVerdict::Right;
}

Accounts::Keys Accounts::Impl::made_up_keys(const std::string& user) {
  const auto login = canonical_login(user);
  const std::string name = login ? login->to_string() : user;
  const std::string& key = server_secret();
  return {{keyed_digest(key, "salt " + name).substr(0, kScramSalt), kScramIterations,
           keyed_digest(key, "stored " + name), keyed_digest(key, "server " + name)},
          false,
          LoginVerdict::Right};
}

std::optional<Accounts::Keys> Accounts::Impl::find_keys(const std::string& user) {
  Keys keys = made_up_keys(user);
  const auto login = canonical_login(user);
  if (!login) return keys;
  auto loaded = load_account(directory, *login);
  if (!loaded) return std::nullopt;
  // A locked account looks like any other until its password is proved; then it is refused like an unknown one.
  if (*loaded) {
    keys.keys = (*loaded)->password.scram;
    keys.known = !(*loaded)->locked;
  }
  return keys;
}

std::expected<Secret, std::string> Accounts::Impl::make_secret(std::string_view password, std::string salt) const {
  const auto prepared = sasl::prepare_password(password);
  if (!prepared || prepared->empty())
    return std::unexpected("this cannot be a password: it is empty or not UTF-8 text");
  auto hash = hash_password(*prepared);
  if (!hash) return std::unexpected("the password cannot be hashed: no memory or no randomness");
  return Secret{std::move(*hash), sasl::derive_scram_keys(*prepared, salt, kScramIterations)};
}

std::expected<AccountRecord, std::string> Accounts::Impl::existing(const Mailbox& address) const {
  const auto login = canonical_login(address.to_string());
  if (!login) return std::unexpected(address.to_string() + " cannot be an account");
  auto record = load_account(directory, *login);
  if (!record) return std::unexpected(record.error());
  if (!*record) return std::unexpected("there is no account " + login->to_string());
  return std::move(**record);
}

Accounts::Accounts(std::string directory, const Clock& clock, unsigned threads)
    : impl_(std::make_unique<Impl>(std::move(directory), clock, threads)) {}
Accounts::~Accounts() = default;

std::optional<Mailbox> Accounts::canonical(std::string_view user) { return canonical_login(user); }

namespace {

/// The throttle counts logins, not spellings.
std::string throttle_name(std::string_view user) {
  const auto login = canonical_login(user);
  return login ? login->to_string() : std::string(user);
}

template <class T, class Work>
Awaitable<T> run(Work work) {
  co_return work();
}

}  // namespace

Awaitable<LoginVerdict> Accounts::check_password(std::string user, std::string password, IpAddress peer) {
  Impl& impl = *impl_;
  const std::string name = throttle_name(user);
  if (impl.throttle.must_wait(name, peer)) co_return LoginVerdict::Throttled;
  const Place place(impl.waiting, impl.most_waiting);
  if (!place.taken()) co_return LoginVerdict::Unavailable;
  auto work = [&impl, user = std::move(user), password = std::move(password)] { return impl.judge(user, password); };
  const LoginVerdict verdict =
      co_await asio::co_spawn(impl.pool, run<LoginVerdict>(std::move(work)), asio::use_awaitable);
  switch (verdict) {
    case LoginVerdict::Right:
    case LoginVerdict::Wrong:
      if (!impl.throttle.settle(name, peer, verdict == LoginVerdict::Right)) co_return LoginVerdict::Throttled;
      break;
    case LoginVerdict::Locked:
      if (impl.throttle.must_wait(name, peer)) co_return LoginVerdict::Throttled;
      break;
    case LoginVerdict::Throttled:
    case LoginVerdict::Unavailable:
      break;
  }
  co_return verdict;
}

Awaitable<Accounts::Keys> Accounts::scram_keys(std::string user, IpAddress peer) {
  Impl& impl = *impl_;
  if (impl.throttle.must_wait(throttle_name(user), peer)) co_return Keys{{}, false, LoginVerdict::Throttled};
  const Place place(impl.waiting, impl.most_waiting);
  if (!place.taken()) co_return Keys{{}, false, LoginVerdict::Unavailable};
  auto work = [&impl, user = std::move(user)] { return impl.find_keys(user); };
  auto keys = co_await asio::co_spawn(impl.pool, run<std::optional<Keys>>(std::move(work)), asio::use_awaitable);
  if (!keys) co_return Keys{{}, false, LoginVerdict::Unavailable};
  co_return std::move(*keys);
}

bool Accounts::settle_login(std::string_view user, const IpAddress& peer, bool right) {
  return impl_->throttle.settle(throttle_name(user), peer, right);
}

std::expected<AccountInfo, std::string> Accounts::load(const Mailbox& address) const {
  auto record = impl_->existing(address);
  if (!record) return std::unexpected(record.error());
  return record->info();
}

std::expected<bool, std::string> Accounts::exists(const Mailbox& address) const {
  const auto login = canonical_login(address.to_string());
  if (!login) return false;
  auto record = load_account(impl_->directory, *login);
  if (!record) return std::unexpected(record.error());
  return record->has_value();
}

std::expected<std::vector<AccountInfo>, std::string> Accounts::list() const {
  namespace fs = std::filesystem;
  std::vector<AccountInfo> accounts;
  std::error_code error;
  fs::directory_iterator files(impl_->directory, error);
  if (error == std::errc::no_such_file_or_directory) return accounts;
  for (const auto end = fs::directory_iterator(); !error && files != end; files.increment(error)) {
    const std::string name = files->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(".json")) continue;
    auto text = store::read_file(files->path().string(), 1024 * 1024);
    if (!text || !*text) return std::unexpected(name + ": " + (text ? "it is gone" : text.error()));
    auto record = parse_account(**text);
    if (!record) return std::unexpected(name + ": " + record.error());
    accounts.push_back(record->info());
  }
  if (error) return std::unexpected(impl_->directory + ": " + error.message());
  std::ranges::sort(accounts, {}, [](const AccountInfo& account) { return account.address.to_string(); });
  return accounts;
}

std::expected<void, std::string> Accounts::create(const Mailbox& address, std::string_view password) {
  const auto login = canonical_login(address.to_string());
  if (!login) return std::unexpected(address.to_string() + " cannot be an account: a mailbox at a domain is needed");
  const std::lock_guard lock(impl_->writing);
  auto there = load_account(impl_->directory, *login);
  if (!there) return std::unexpected(there.error());
  if (*there) return std::unexpected("the account " + login->to_string() + " is there already");
  auto salt = random_bytes(kScramSalt);
  if (!salt) return std::unexpected("the system has no randomness");
  auto secret = impl_->make_secret(password, std::move(*salt));
  if (!secret) return std::unexpected(secret.error());
  AccountRecord record;
  record.address = *login;
  record.password = std::move(*secret);
  return save_account(impl_->directory, record);
}

std::expected<void, std::string> Accounts::set_password(const Mailbox& address, std::string_view password) {
  const std::lock_guard lock(impl_->writing);
  auto record = impl_->existing(address);
  if (!record) return std::unexpected(record.error());
  auto secret = impl_->make_secret(password, record->password.scram.salt);
  if (!secret) return std::unexpected(secret.error());
  record->password = std::move(*secret);
  return save_account(impl_->directory, *record);
}

std::expected<std::string, std::string> Accounts::add_app_password(const Mailbox& address, std::string_view name) {
  const std::lock_guard lock(impl_->writing);
  auto record = impl_->existing(address);
  if (!record) return std::unexpected(record.error());
  const auto taken = [&](const std::string& begins) {
    return std::ranges::any_of(record->app_passwords, [&](const auto& app) { return app.begins == begins; });
  };
  if (name.empty() || std::ranges::any_of(record->app_passwords, [&](const auto& app) { return app.name == name; }))
    return std::unexpected("an app password needs a name that no other has");
  std::string password;
  do {
    const auto random = random_bytes(kAppLength);
    if (!random) return std::unexpected("the system has no randomness");
    password = new_app_password(*random);
  } while (taken(password.substr(0, kAppPrefix)));
  auto secret = impl_->make_secret(password, record->password.scram.salt);
  if (!secret) return std::unexpected(secret.error());
  record->app_passwords.push_back(
      {std::string(name), impl_->clock.now(), password.substr(0, kAppPrefix), std::move(*secret)});
  if (auto saved = save_account(impl_->directory, *record); !saved) return std::unexpected(saved.error());
  return password;
}

std::expected<void, std::string> Accounts::remove_app_password(const Mailbox& address, std::string_view name) {
  const std::lock_guard lock(impl_->writing);
  auto record = impl_->existing(address);
  if (!record) return std::unexpected(record.error());
  if (std::erase_if(record->app_passwords, [&](const AppSecret& app) { return app.name == name; }) == 0)
    return std::unexpected("there is no app password of that name");
  return save_account(impl_->directory, *record);
}

std::expected<void, std::string> Accounts::save(const AccountInfo& info) {
  const std::lock_guard lock(impl_->writing);
  auto record = impl_->existing(info.address);
  if (!record) return std::unexpected(record.error());
  record->may_send_as = info.may_send_as;
  record->forward_to = info.forward_to;
  record->keep_copy = info.keep_copy;
  record->locked = info.locked;
  return save_account(impl_->directory, *record);
}

std::expected<void, std::string> Accounts::remove(const Mailbox& address) {
  const std::lock_guard lock(impl_->writing);
  const auto login = canonical_login(address.to_string());
  const std::string path = login ? impl_->directory + "/" + file_name_of(*login) : "";
  if (!login || ::unlink(path.c_str()) != 0) return std::unexpected("there is no account " + address.to_string());
  return {};
}

}  // namespace postseal::accounts
