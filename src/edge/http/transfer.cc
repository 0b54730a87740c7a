// SPDX-License-Identifier: Apache-2.0
#include "edge/http/transfer.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include "edge/http/response.h"
#include "edge/http/webpki_cause.h"

namespace postseal::http {
namespace {

using tlsrpt::ResultType;

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlPtr = std::unique_ptr<CURL, CurlDeleter>;
using ListPtr = std::unique_ptr<curl_slist, CurlDeleter>;

std::size_t on_header(char* data, std::size_t, std::size_t size, void* response) {
  return static_cast<Response*>(response)->add_header({data, size}) ? size : 0;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* response) {
  return static_cast<Response*>(response)->add_body({data, size}) ? size : 0;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<const Transfer*>(context);
  return transfer.deadline.passed() || transfer.stopped() ? 1 : 0;
}

/// Adds to what curl checks already. Runs before the handshake.
CURLcode on_ssl_context(CURL*, void* context, void* host) {
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(static_cast<SSL_CTX*>(context));
  // RFC 8461 §3.3 (S16): only DNS-IDs count, never the common name, and a wildcard is a whole left-most label.
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const std::string& name = static_cast<const Domain*>(host)->ascii();
  return X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1 ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK;
}

/// "mta-sts.example.org:443:[2001:db8::1],192.0.2.1": curl asks no resolver of its own.
std::string resolve_entry(const Transfer& transfer) {
  std::string entry = transfer.host.ascii() + ":" + std::to_string(transfer.port) + ":";
  for (const IpAddress& address : transfer.addresses) {
    if (!entry.ends_with(':')) entry += ',';
    entry += address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  }
  return entry;
}

/// False if libcurl lacks something that is asked of it, which would silently weaken the checks.
bool configure(CURL* curl, const Transfer& transfer, const ListPtr& addresses, Response& response,
               std::chrono::milliseconds left) {
  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = curl_easy_setopt(curl, option, value) == CURLE_OK && good;
  };
  // RFC 8461 §3.2, §3.3 (S18): this URL, over HTTPS and nothing else.
  const std::string port = transfer.port == 443 ? "" : ":" + std::to_string(transfer.port);
  const std::string url = "https://" + transfer.host.ascii() + port + "/.well-known/mta-sts.txt";
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_HTTPGET, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_USERAGENT, "Postseal");
  set(CURLOPT_RESOLVE, addresses.get());
  // RFC 8461 §3.3 MUST NOT (S11, S17): no redirects; nothing is kept from one fetch for the next.
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  // Nothing from the environment or from files of the user.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  // RFC 8461 §3.3 MUST (S16): a certificate for the policy host from a CA that is trusted.
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_OPTIONS, static_cast<long>(CURLSSLOPT_NO_PARTIALCHAIN));
  set(CURLOPT_SSL_CTX_FUNCTION, &on_ssl_context);
  set(CURLOPT_SSL_CTX_DATA, const_cast<Domain*>(&transfer.host));
  if (!transfer.ca_file.empty()) {
    set(CURLOPT_CAINFO, transfer.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  // RFC 8461 §3.3 MAY (S14, S15, A11): bounds in time and size.
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_MAXFILESIZE, static_cast<long>(mtasts::kMaxPolicySize));
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &response);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &response);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_XFERINFODATA, const_cast<Transfer*>(&transfer));
  return good;
}

mtasts::FetchError failure(ResultType result, std::string reason) { return {result, std::move(reason)}; }

mtasts::FetchError explain(CURL* curl, CURLcode code, const Transfer& transfer, const Response& response,
                           const char* details) {
  const std::string& host = transfer.host.ascii();
  if (!response.refusal().empty()) return failure(ResultType::StsPolicyFetchError, host + ": " + response.refusal());
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    long verify_result = X509_V_OK;
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verify_result);
    // Only curl's own comparison of names is left when OpenSSL had no objection.
    if (verify_result == X509_V_OK) verify_result = X509_V_ERR_HOSTNAME_MISMATCH;
    return failure(ResultType::StsWebpkiInvalid, webpki_cause(verify_result, host));
  }
  if (code == CURLE_FILESIZE_EXCEEDED) {
    return failure(ResultType::StsPolicyFetchError, host + ": the policy is larger than 64 KiB");
  }
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return failure(ResultType::StsPolicyFetchError, "the file with trusted CAs (" +
                                                        (transfer.ca_file.empty() ? "the system's" : transfer.ca_file) +
                                                        ") cannot be read");
  }
  if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_ABORTED_BY_CALLBACK) {
    return failure(ResultType::StsPolicyFetchError, host + " gave no complete answer in time");
  }
  std::string what = *details != '\0' ? details : curl_easy_strerror(code);
  // Some of curl's messages quote the server.
  std::ranges::replace_if(what, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  if (code == CURLE_SSL_CONNECT_ERROR) {
    return failure(ResultType::StsPolicyFetchError, "the TLS handshake with " + host + " failed: " + what);
  }
  return failure(ResultType::StsPolicyFetchError, host + ": " + what);
}

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

std::expected<std::string, mtasts::FetchError> run_transfer(const Transfer& transfer) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::floor<milliseconds>(transfer.deadline.at - std::chrono::steady_clock::now());
  if (left <= milliseconds(0) || transfer.stopped()) {
    return std::unexpected(
        failure(ResultType::StsPolicyFetchError, "no time was left to ask " + transfer.host.ascii()));
  }
  start_libcurl();
  Response response;
  std::array<char, CURL_ERROR_SIZE> details{};
  const ListPtr addresses(curl_slist_append(nullptr, resolve_entry(transfer).c_str()));
  const CurlPtr curl(curl_easy_init());
  if (!curl || !addresses || !configure(curl.get(), transfer, addresses, response, left)) {
    return std::unexpected(failure(ResultType::StsPolicyFetchError, "libcurl cannot do what a policy fetch needs"));
  }
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, details.data());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK || !response.accepted()) {
    return std::unexpected(explain(curl.get(), code, transfer, response, details.data()));
  }
  return response.take_body();
}

}  // namespace postseal::http
