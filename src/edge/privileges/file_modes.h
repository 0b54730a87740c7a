#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who else can read what only we should. Looked at before anything is opened, with the command that mends it.
#include <expected>
#include <string>

namespace postseal::privileges {

/// A private key or a file of passwords: a regular file of this user or root; nobody else may read it, but its group
/// may (0640 root:postseal is how root keeps it from being changed). Symbolic links are followed, as certbot makes
/// them.
std::expected<void, std::string> check_secret_file(const std::string& path);
/// The store: a directory of this user; nobody else may enter. Absent is right, too: it will be made so.
std::expected<void, std::string> check_private_directory(const std::string& path);

/// With its parents, the last with this mode and owner; one that is there already is left as it is. For root, before it
/// becomes somebody else.
std::expected<void, std::string> make_directory_for(const std::string& path, unsigned mode, unsigned uid, unsigned gid);

}  // namespace postseal::privileges
