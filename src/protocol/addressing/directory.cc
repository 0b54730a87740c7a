// SPDX-License-Identifier: Apache-2.0
#include "protocol/addressing/directory.h"

#include <algorithm>
#include <utility>

#include "vocab/ascii.h"

namespace postseal::addressing {
namespace {

/// RFC 5321 §2.4 leaves the case of a local part to its own host, which is us: ASCII letters are one.
std::string fold(std::string_view text) { return to_lower(text); }

std::string key_of(std::string_view local_part, const MailDestination& destination) {
  return fold(local_part) + '@' + to_string(destination);
}

std::optional<Mailbox> mailbox_at(std::string_view local_part, const Domain& domain) {
  auto mailbox = Mailbox::parse(std::string(local_part) + '@' + domain.ascii());
  return mailbox ? std::optional(*mailbox) : std::nullopt;
}

/// The local part without its detail; all of it where there is none. RFC 5233 §1: the first separator splits. A quoted
/// local part is taken as it is.
std::string_view without_detail(std::string_view local_part, char separator) {
  if (separator == 0 || local_part.starts_with('"')) return local_part;
  return local_part.substr(0, local_part.find(separator, 1));
}

/// What other hosts have taken for directions to a third one: user%third, third!user, "user@third".
bool may_be_read_as_route(std::string_view local_part) { return local_part.find_first_of("%!@") != std::string::npos; }

/// RFC 5321 §4.5.1, RFC 2142 §4 and §5: the mailboxes that people may rely on.
bool always_exists(std::string_view name) { return name == "postmaster" || name == "abuse"; }

}  // namespace

std::optional<std::string> canonical_match(std::string_view match) {
  if (match.starts_with('@')) {
    const auto domain = Domain::parse(match.substr(1));
    return domain ? std::optional('@' + domain->ascii()) : std::nullopt;
  }
  if (const auto mailbox = Mailbox::parse(match)) return key_of(mailbox->local_part(), mailbox->destination());
  const auto name = Mailbox::parse(std::string(match) + "@name.invalid");
  return name ? std::optional(fold(name->local_part())) : std::nullopt;
}

Directory::Directory(std::vector<LocalDomain> domains, std::vector<Alias> aliases, std::optional<Domain> hostname) {
  for (LocalDomain& domain : domains) add_home(std::move(domain));
  for (Alias& alias : aliases) add_alias(std::move(alias));
  // RFC 5321 §4.5.1 MUST: "RCPT TO:<postmaster>" names no domain; it is read as the host's own.
  if (hostname && !is_local(*hostname)) add_home(LocalDomain{.name = *hostname}).has_mailboxes = false;
}

Directory::Home& Directory::add_home(LocalDomain domain) {
  const Domain name = domain.name;
  Home& home = homes_[name];
  if (std::ranges::find(order_, name) == order_.end()) order_.push_back(name);
  home.has_mailboxes = true;
  for (const std::string& user : domain.users) {
    if (const auto mailbox = mailbox_at(user, name)) {
      home.users.insert(fold(mailbox->local_part()));
    } else {
      malformed_.push_back("the user \"" + user + "\" of " + name.ascii() + " is no local part of an address");
    }
  }
  home.domain = std::move(domain);
  return home;
}

void Directory::add_alias(Alias alias) {
  const auto key = canonical_match(alias.match);
  if (!key) {
    malformed_.push_back("the alias \"" + alias.match + R"(" is neither an address nor "@domain" nor a local part)");
    return;
  }
  if (key->starts_with('@')) {
    const auto domain = Domain::parse(key->substr(1));
    if (domain && !is_local(*domain)) add_home(LocalDomain{.name = *domain}).has_mailboxes = false;
  } else if (alias.to_domain) {
    malformed_.push_back("the alias \"" + alias.match + "\" is for one address and leads to a whole domain");
    return;
  }
  auto [place, is_new] = aliases_.try_emplace(*key, alias);
  if (is_new) return;
  Alias& known = place->second;
  known.to.insert(known.to.end(), alias.to.begin(), alias.to.end());
  known.keep |= alias.keep;
  if (!known.to_domain) known.to_domain = alias.to_domain;
}

const Directory::Home* Directory::home(const MailDestination& destination) const {
  const Domain* domain = std::get_if<Domain>(&destination);
  const auto found = domain ? homes_.find(*domain) : homes_.end();
  return found == homes_.end() ? nullptr : &found->second;
}

bool Directory::is_local(const MailDestination& destination) const { return home(destination) != nullptr; }

const Transport* Directory::transport_of(const MailDestination& destination) const {
  const Home* place = home(destination);
  return place && place->has_mailboxes ? &place->domain.transport : nullptr;
}

std::string Directory::user_of(const Mailbox& mailbox) const {
  std::string whole = fold(mailbox.local_part());
  const Home* place = home(mailbox.destination());
  if (!place || place->users.contains(whole)) return whole;
  return std::string(without_detail(whole, place->domain.subaddress));
}

std::optional<Mailbox> Directory::first_user(const Home& here) const {
  const auto first_of = [](const Home& place) -> std::optional<Mailbox> {
    for (const std::string& user : place.domain.users) {
      if (auto mailbox = mailbox_at(user, place.domain.name)) return mailbox;
    }
    return std::nullopt;
  };
  if (auto mailbox = first_of(here)) return mailbox;
  for (const Domain& name : order_) {
    if (auto mailbox = first_of(homes_.at(name))) return mailbox;
  }
  return std::nullopt;
}

/// By a name of its own: the whole local part, or the part before the detail.
std::optional<Directory::Step> Directory::step_by_name(const Home& here, const Mailbox& mailbox,
                                                       std::string_view name) const {
  const std::string user = fold(name);
  const bool exists = here.users.contains(user);
  Step step;
  if (exists) {
    // The detail stays, for Sieve and for whoever sorts by it.
    step.mailbox = mailbox_at(user + mailbox.local_part().substr(name.size()), here.domain.name);
  }
  auto alias = aliases_.find(key_of(name, here.domain.name));
  if (alias == aliases_.end() && !exists) alias = aliases_.find(user);
  if (alias == aliases_.end()) return exists ? std::optional(std::move(step)) : std::nullopt;

  bool keep = alias->second.keep;
  for (const Mailbox& target : alias->second.to) {
    const bool itself = key_of(target.local_part(), target.destination()) == key_of(name, here.domain.name);
    keep |= itself && exists;
    if (!itself || !exists) step.to.push_back(target);
  }
  if (!keep) step.mailbox.reset();
  return step;
}

/// Nobody has that name here.
Directory::Step Directory::step_without_name(const Home& here, const Mailbox& mailbox) const {
  // A36: the next host is never handed what it might take for directions to a third one.
  if (here.domain.any_user && !may_be_read_as_route(mailbox.local_part())) return Step{mailbox, {}};
  Step step;
  if (const auto alias = aliases_.find('@' + here.domain.name.ascii()); alias != aliases_.end()) {
    step.to = alias->second.to;
    if (alias->second.to_domain) {
      if (auto there = mailbox_at(mailbox.local_part(), *alias->second.to_domain)) step.to.push_back(*there);
    }
    return step;
  }
  if (here.domain.catch_all) {
    step.to.push_back(*here.domain.catch_all);
  } else if (always_exists(fold(without_detail(mailbox.local_part(), here.domain.subaddress)))) {
    // RFC 5321 §4.5.1 MUST, RFC 2142 §2: postmaster and abuse reach somebody, whether or not anybody has thought of it.
    if (auto somebody = first_user(here)) step.to.push_back(*somebody);
  }
  return step;
}

Directory::Step Directory::step(const Home& here, const Mailbox& mailbox) const {
  const std::string_view whole = mailbox.local_part();
  if (auto found = step_by_name(here, mailbox, whole)) return *std::move(found);
  const std::string_view base = without_detail(whole, here.domain.subaddress);
  if (base.size() < whole.size()) {
    if (auto found = step_by_name(here, mailbox, base)) return *std::move(found);
  }
  return step_without_name(here, mailbox);
}

/// Follows the steps from one address to its mailboxes.
class Directory::Expansion {
 public:
  explicit Expansion(const Directory& directory) : directory_(directory) {}

  /// False: a circle, too deep, or too many.
  bool expand(const Mailbox& mailbox, std::size_t depth) {
    const Home* here = directory_.home(mailbox.destination());
    if (!here) return keep(mailbox);
    const std::string key = key_of(mailbox.local_part(), mailbox.destination());
    const auto [place, is_new] = open_.try_emplace(key, true);
    // Met on the way to itself: a circle. Met before on another way: it has been dealt with.
    if (!is_new) return !place->second;
    if (depth > kMaxDepth) return false;
    const Step step = directory_.step(*here, mailbox);
    if (step.mailbox && !keep(*step.mailbox)) return false;
    for (const Mailbox& target : step.to) {
      if (!expand(target, depth + 1)) return false;
    }
    open_[key] = false;
    return true;
  }

  std::vector<Mailbox> take() { return std::move(found_); }

 private:
  bool keep(const Mailbox& mailbox) {
    // Of a foreign local part nobody but its host knows whether case matters.
    const bool ours = directory_.is_local(mailbox.destination());
    const std::string key = ours ? key_of(mailbox.local_part(), mailbox.destination()) : mailbox.to_string();
    if (!kept_.insert(key).second) return true;
    found_.push_back(mailbox);
    return found_.size() <= kMaxMailboxes;
  }

  const Directory& directory_;
  std::unordered_map<std::string, bool> open_;  ///< seen; true while it is being expanded
  std::unordered_set<std::string> kept_;
  std::vector<Mailbox> found_;
};

Resolution Directory::resolve(const Mailbox& recipient) const {
  if (!is_local(recipient.destination())) return Foreign{};
  Expansion expansion(*this);
  if (!expansion.expand(recipient, 0)) return Nested{};
  auto mailboxes = expansion.take();
  if (mailboxes.empty()) return NoSuchUser{};
  return Resolved{std::move(mailboxes)};
}

std::vector<std::string> Directory::mistakes() const {
  std::vector<std::string> lines = malformed_;
  const auto check = [&](const std::string& what, const Mailbox& target) {
    const Resolution resolution = resolve(target);
    if (std::holds_alternative<NoSuchUser>(resolution)) {
      lines.push_back(what + " leads to " + target.to_string() + ", which does not exist");
    } else if (std::holds_alternative<Nested>(resolution)) {
      lines.push_back(what + " leads in a circle, too deep or to too many through " + target.to_string());
    }
  };
  for (const auto& [key, alias] : aliases_) {
    const auto mailbox = Mailbox::parse(key);
    const bool whole_domain = key.starts_with('@');
    const std::string what = "the alias \"" + alias.match + "\"";
    if (mailbox && !is_local(mailbox->destination())) lines.push_back(what + " is for a domain that is not local");
    if (alias.to.empty() && !alias.to_domain && !alias.keep) lines.push_back(what + " leads to nobody");
    for (const Mailbox& target : alias.to) check(what, target);
    if (whole_domain && alias.keep) lines.push_back(what + " is for a whole domain, of which no copy can be kept");
  }
  for (const Domain& name : order_) {
    const Home& here = homes_.at(name);
    if (here.domain.catch_all) check("the catch-all of " + name.ascii(), *here.domain.catch_all);
    if (const auto postmaster = mailbox_at("postmaster", name)) check("the domain " + name.ascii(), *postmaster);
  }
  std::ranges::sort(lines);
  return lines;
}

}  // namespace postseal::addressing
