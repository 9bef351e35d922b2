#include "listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace tidegate::server {

namespace {

// Connections taken per event: others of this turn shall not wait for a flood.
constexpr int kAcceptsPerEvent = 64;
constexpr int kBacklog = 4096;
// How long to wait for descriptors.
constexpr uint64_t kAcceptAgainMs = 100;

std::string addressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    // An IPv4 caller of a socket for both.
    if (IN6_IS_ADDR_V4MAPPED(&ip)) inet_ntop(AF_INET, &ip.s6_addr[12], text, sizeof text);
    else inet_ntop(AF_INET6, &ip, text, sizeof text);
  }
  return text;
}

}  // namespace

std::string_view ServerShared::dateLine() {
  const std::time_t now = std::time(nullptr);
  if (now != dateSecond_) {
    dateSecond_ = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    // IMF-fixdate of RFC 9110 §5.6.7; the C locale is that of English.
    dateLength_ = std::strftime(date_, sizeof date_, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return {date_, dateLength_};
}

Listener::Listener(ServerShared& shared, ServerEvents& events, ListenerOptions options)
    : shared_(shared), events_(events), options_(std::move(options)) {}

Listener::~Listener() { close(); }

std::string Listener::listen() {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options_.port);
  if (const int error = getaddrinfo(options_.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return std::string("the address can't be resolved: ") + gai_strerror(error);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  std::string reason = "there is no such address";
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    net::FileDescriptor fd(::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
      reason = std::strerror(errno);
      continue;
    }
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (at->ai_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    // Accepted connections inherit it: no call for each.
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::bind(fd.get(), at->ai_addr, at->ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0) {
      reason = std::strerror(errno);
      continue;
    }
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                              : reinterpret_cast<sockaddr_in&>(bound).sin_port);
    // Level-triggered: what one turn does not accept, the next one does.
    if (!shared_.poller->add(fd.get(), EPOLLIN, this)) return std::strerror(errno);
    fd_ = std::move(fd);
    shared_.poller->hold();
    return "";
  }
  return reason;
}

void Listener::onEvents(uint32_t) {
  for (int i = 0; i < kAcceptsPerEvent && accept(); i++) {
  }
}

bool Listener::accept() {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  net::FileDescriptor fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    // One that has gone again before it was taken.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return true;
    // Out of descriptors or memory: connections stay in the queue for a while. The event would be told without end.
    if (fd_.valid()) {
      shared_.poller->modify(fd_.get(), 0, this);
      shared_.poller->setDeadline(this, shared_.poller->nowMs() + kAcceptAgainMs);
    }
    return false;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(fd), addressText(peer));
  if (connection->start()) connections_.insert(connection.release());
  return true;
}

void Listener::onDeadline() {
  if (fd_.valid()) shared_.poller->modify(fd_.get(), EPOLLIN, this);
}

void Listener::stopAccepting() {
  if (closing_) return;
  closing_ = true;
  if (fd_.valid()) {
    // Who was let in by the system already must not be reset.
    for (int i = 0; i < kBacklog && accept(); i++) {
    }
    shared_.poller->clearDeadline(this);
    shared_.poller->remove(fd_.get());
    shared_.poller->forget(this);
    fd_.reset();
    shared_.poller->unhold();
  }
  for (Connection* connection : connections_) connection->closeSoon();
}

void Listener::close() {
  stopAccepting();
  while (!connections_.empty()) (*connections_.begin())->cut(true);
}

void Listener::bury(Connection* connection) {
  if (connections_.erase(connection) > 0) shared_.dead.emplace_back(connection);
}

}  // namespace tidegate::server
