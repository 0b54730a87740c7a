// SPDX-License-Identifier: Apache-2.0
#include "edge/http/unix_client.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace postseal::http {

namespace {

struct FreeEasy {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

/// A listing of a million letters is a few hundred of these; a server that sends more has lost its mind.
constexpr std::size_t kMaxBody = std::size_t{1} << 30;

std::size_t append(char* data, std::size_t, std::size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size > kMaxBody) return 0;
  body.append(data, size);
  return size;
}

std::string encoded(CURL* curl, std::string_view text) {
  char* escaped = curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
  std::string result = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return result;
}

std::string url_of(CURL* curl, const Question& question) {
  std::string url = "http://postseal";
  std::string_view path = question.path;
  while (!path.empty()) {
    std::size_t end = path.find('/', 1);
    url += "/" + encoded(curl, path.substr(1, end == std::string_view::npos ? end : end - 1));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  char separator = '?';
  for (const auto& [name, value] : question.query) {
    url += separator + encoded(curl, name) + "=" + encoded(curl, value);
    separator = '&';
  }
  return url;
}

/// libcurl says "could not connect" whatever the cause; the system knows more.
AskError connect_error(const std::string& path, const char* otherwise) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error =
      probe < 0 || ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  if (probe >= 0) ::close(probe);
  if (error == ENOENT || error == ECONNREFUSED) return {AskErrorCode::NobodyThere, std::strerror(error)};
  if (error == EACCES || error == EPERM) return {AskErrorCode::NotAllowed, std::strerror(error)};
  return {AskErrorCode::Failed, error == 0 ? otherwise : std::strerror(error)};
}

}  // namespace

std::expected<Reply, AskError> ask(const Question& question) {
  const Easy curl(curl_easy_init());
  if (!curl) return std::unexpected(AskError{AskErrorCode::Failed, "libcurl does not start"});
  Reply reply;
  const std::string url = url_of(curl.get(), question);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, question.socket.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP));
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, static_cast<long>(question.timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, question.method.c_str());
  if (question.method != "GET") {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, question.body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(question.body.size()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reply.body);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_COULDNT_CONNECT) return std::unexpected(connect_error(question.socket, curl_easy_strerror(code)));
  if (code != CURLE_OK) return std::unexpected(AskError{AskErrorCode::Failed, curl_easy_strerror(code)});
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace postseal::http
