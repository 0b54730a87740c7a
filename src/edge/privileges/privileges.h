#pragma once
// SPDX-License-Identifier: Apache-2.0
// Root binds the ports, then nobody needs root any more: what a session could be talked into, it can only do as a user
// that owns the store and nothing else. Called once, after binding and before the first thread, because Linux keeps
// capabilities for each thread.
#include <sys/types.h>

#include <expected>
#include <string>

namespace postseal::privileges {

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// The error names the user and says what to do.
std::expected<User, std::string> find_user(const std::string& name);

bool is_root();

/// Becomes the user with its groups, for good: real, effective and saved ids; then give_up().
/// REQUIRES: root.
std::expected<void, std::string> become(const User& user);

/// Without any capability, also none that a program it starts could get back; no_new_privs; umask 077; no core file
/// with passwords in it. For everybody, root or not.
std::expected<void, std::string> give_up();

}  // namespace postseal::privileges
