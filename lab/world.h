#pragma once
// SPDX-License-Identifier: Apache-2.0
// A world: what a TOML file says should exist on the mini internet, and what must happen to a message for each case.
// docs/lab.md documents every key; whatever is not said is the happy path. The file's shorthand is gone here: a case's
// own zone, hosts and policy stand in the plain lists, MX records are among the zone's records, defaults are filled in.
// Port numbers of the world are symbolic: "_25._tcp" stands for the port the lab's mail servers listen on.
#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vocab/domain.h"
#include "vocab/ip_address.h"

namespace postseal::lab {

// ---- names ----

/// How a zone is signed, or how its signing is broken. All but Unsigned have a DS in the parent.
enum class Signing {
  Signed,
  Unsigned,      ///< no DS in the parent, no signatures: an insecure delegation
  Bogus,         ///< records were changed after signing
  Expired,       ///< signatures expired a month ago
  NotYetValid,   ///< signatures begin in a month
  WrongDs,       ///< the parent's DS is of another key
  BrokenDenial,  ///< NSEC records removed
  KeyTrap,       ///< dozens of keys with the same tag, and for every record dozens of wrong signatures by that tag
};

struct ZoneSpec {
  Domain name;
  Signing signing = Signing::Signed;
  /// Zone file lines, names relative to the zone: "@ MX 10 mx", "www CNAME mx.other.test.". "_25._tcp" stands for the
  /// lab's SMTP port; TLSA data may be symbolic as in HostSpec::tlsa, with "of HOST": "@ TLSA 3 1 1 of mx.d.test".
  std::vector<std::string> records;
  /// Records that replace those of the same owner and type after signing, under the old signature (A07).
  std::vector<std::string> forged;
  bool nsec3 = false;
  int nsec3_iterations = 0;  ///< of the hash, beyond the first; RFC 9276 allows none
  bool operator==(const ZoneSpec&) const = default;
};

/// What the lab's name server front does to questions instead of passing them on.
enum class NameFault {
  ServFail,
  Refused,
  Drop,
  Delay,
  Truncate,
  Garble,
  Spoof,
  NxDomain,
  ForgeAd,
  Referral,       ///< to many name servers below a victim's name, without their addresses
  ShortData,      ///< Spoof, with only half of each record's data
  OtherCase,      ///< the true answer, its question in letters of the other case
  WrongId,        ///< forged answers that do not belong to the question come before the true one: by their id,
  WrongQuestion,  ///< by the name they answer for,
  WrongPort,      ///< by the port they come from,
  WrongAddress,   ///< by the address they come from
};

struct FaultSpec {
  Domain name;               ///< the question's name
  bool below = false;        ///< and every name under it
  std::string type = "ANY";  ///< "TLSA", "MX", ... or "ANY"; a TLSA fault's name begins with "_25._tcp"
  NameFault fault = NameFault::ServFail;
  std::chrono::milliseconds delay{0};
  bool tcp_refused = false;         ///< with Truncate: TCP does not help either
  std::vector<std::string> answer;  ///< what is made up: unsigned records, "MX 10 evil.test."
  std::uint16_t copies = 1;         ///< with the four Wrong: so many forged answers
  bool alone = false;               ///< with the four Wrong: and no true answer behind them
  std::uint16_t servers = 0;        ///< with Referral: so many name servers,
  Domain victim;                    ///< all of them below this name
};

// ---- certificates ----

struct CertificateSpec {
  std::vector<std::string> names;  ///< DNS-IDs; empty: the host's own name. "CN=name" puts a name in CN only,
                                   ///< "IP=address" makes an iPAddress of it
  std::string issuer = "lab-ca";   ///< "lab-ca", "lab-intermediate" (sent along), "untrusted-ca", "self"
  std::string validity = "valid";  ///< "valid", "expired", "not-yet-valid"
  std::string key = "p256";        ///< "p256", "p192", "p384", "ed25519", "rsa2048", "rsa1024"
  /// "client-auth-only", "sha1", "md5", "intermediate-expired", "intermediate-not-ca", "path-length",
  /// "name-constraints", "intermediate-missing". All but the first two imply issuer "lab-intermediate".
  std::vector<std::string> defects;
  bool send_root = false;  ///< the CA's certificate is part of the chain sent (DANE-TA needs it)
};

// ---- mail servers ----

struct SmtpReplySpec {
  std::string stage;  ///< "connect", "ehlo", "starttls", "mail", "rcpt", "data", "body"
  /// "451 4.3.0 try later"; "drop" closes, "reset" sends RST, "hang" never answers, "garbage", "tarpit" (the usual
  /// reply, a byte a second); at stage "body" also "drop-midway" and "reset-midway", while the letter is under way.
  std::string reply;
};

struct MailServerSpec {
  /// "offered", "absent", "stripped" (offered as XXXXXXXX), "injected" (plaintext reply behind the 220), "implicit"
  std::string starttls = "offered";
  std::string tls_min = "TLSv1.2", tls_max = "TLSv1.3";
  std::string handshake = "normal";  ///< "normal", "reset" (RST in the handshake), "alert", "hang", "garbage"
  /// An answer to the ClientHello made by hand, or "" for none: "ssl3", "rc4", "export", "null", "3des", "anonymous",
  /// "dhe-512", "dhe-1024", "downgrade-1.2", "downgrade-1.1", "compression", "heartbeat", "heartbeat-record", "garbage"
  std::string tls_script;
  std::vector<SmtpReplySpec> replies;
  std::vector<std::string> without;          ///< EHLO keywords left out: "8BITMIME", "PIPELINING", "SIZE", ...
  std::vector<std::string> with;             ///< further EHLO keywords: "REQUIRETLS", "LIMITS RCPTMAX=1", ...
  std::vector<std::string> with_before_tls;  ///< keywords offered only before STARTTLS
  bool ehlo = true;                          ///< false: 502 to EHLO
  std::vector<std::string> command;          ///< a real server instead: started with LAB_ADDRESS, LAB_PORT, LAB_NAME,
                                     ///< LAB_CHAIN, LAB_KEY, LAB_DIRECTORY in its environment, run in the foreground
};

struct HostSpec {
  Domain name;
  std::vector<IpAddress> addresses;  ///< empty: one of 127/8 is given out
  bool publish_address = true;       ///< false: no A record
  CertificateSpec certificate;
  MailServerSpec server;
  /// Symbolic: "3 1 1" (of the certificate shown; with usage 0 or 2 of its root CA), "3 1 1 wrong", "2 1 1
  /// intermediate", "2 0 1 root", "3 1 1 leaf", each also "of HOST" ("3 1 1 leaf-of HOST" is the same), "3 1 1 short"
  /// (half the digest), "3 1 1 empty", "3 1 1 wrong x120" (so many different ones), or in full "3 1 1 HEX".
  std::vector<std::string> tlsa;
  bool listens = true;  ///< false: connection refused
};

// ---- policy hosts ----

struct PolicySpec {
  Domain domain;
  std::string record = "v=STSv1; id=20260101000000;";  ///< the TXT record; "" for none
  std::vector<std::string> more_records;
  std::string mode = "enforce";
  std::vector<std::string> mx;  ///< in the file: if not said, the case's MX hosts
  std::string max_age = "604800";
  std::optional<std::string> body;  ///< the whole policy body instead of mode, mx, max_age
  CertificateSpec certificate;
  int status = 200;
  std::string content_type = "text/plain";  ///< "" sends none
  std::string location;                     ///< for 3xx
  std::vector<std::string> headers;         ///< further header lines: "Cache-Control: no-store"
  /// "normal", "refused", "reset", "slow" (a byte a second), "endless", "chunked-endless", "many-headers", "hang",
  /// "absent" (mta-sts.DOMAIN has no address)
  std::string behaviour = "normal";
  /// A policy that the cache holds before the case runs (same keys; age in seconds since it was fetched).
  struct Cached {
    std::string id = "20250101000000";
    std::string mode = "enforce";
    std::vector<std::string> mx;
    std::int64_t max_age = 604800;
    std::int64_t age = 60;
  };
  std::optional<Cached> cached;
};

// ---- cases ----

struct Expectation {
  std::string outcome = "delivered";  ///< "delivered", "deferred", "bounced"
  std::string proof;                  ///< "dane-ee 3 1 1", "dane-ta 2 0 1", "mta-sts", "pkix", "encrypted", "plaintext"
  std::string host;                   ///< the MX host that got it
  std::string status;                 ///< enhanced status, "4.7.5"
  std::vector<std::string> reasons;   ///< slugs that the record must contain
  std::vector<std::string> tlsrpt;    ///< RFC 8460 §4.3 result types that the record must contain
  std::string session;                ///< "shared" (an open one was used) or "own"
  std::vector<std::string> not_asked;  ///< "TLSA _25._tcp.mx.d29.test": must not be in the name server's log; any port
  std::map<Domain, std::int64_t> asked_at_most;  ///< so many questions at most for this name and those below it
};

struct CaseSpec {
  std::string name;                     ///< "D01"
  std::string about;                    ///< one line for people
  std::optional<Domain> domain;         ///< the domain the case is about
  std::vector<Domain> hosts;            ///< the mail hosts that the case brought along, in order
  std::vector<std::string> recipients;  ///< never empty
  bool requiretls = false;
  bool notification = false;
  bool tls_required_no = false;
  std::string local_rule;                       ///< "dane-only" and so on, for this case only
  std::string message;                          ///< file to send, relative to the world's file; empty: the lab's own
  std::map<std::string, std::string> settings;  ///< further settings for this case, by settings::set()'s keys
  Expectation expect;
  std::map<std::string, Expectation> expect_for;  ///< per recipient, where they differ
  /// Hosts that must not have received any body bytes. If not said: all of hosts when no recipient expects "delivered".
  std::vector<std::string> no_body_at;
};

struct World {
  std::string name;
  std::string about;
  std::vector<ZoneSpec> zones;
  std::vector<FaultSpec> faults;
  std::vector<HostSpec> hosts;
  std::vector<PolicySpec> policies;
  std::vector<CaseSpec> cases;
};

struct WorldError {
  std::string file;
  int line = 0;
  std::string what;  ///< key, what is wrong, what is allowed
};

/// "FILE:LINE: what"
std::string to_string(const WorldError& error);

/// Reads, expands the shorthand, checks what can be checked without starting anything: names, duplicates, allowed
/// values, limits. The text may come from anywhere: size, counts and nesting are bounded.
std::expected<World, WorldError> parse_world(std::string_view toml, std::string_view file);
/// The same from a file of at most kMaxWorldBytes.
std::expected<World, WorldError> load_world(const std::string& path);

inline constexpr std::size_t kMaxWorldBytes = 1 << 20;

}  // namespace postseal::lab
