// An upstream that reads a request whole, whatever its length, and answers then: body-sink PORT
#include "http.h"
#include "net.h"

#include <sys/epoll.h>

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{\"received\":true}";

struct connection {
  int fd;
  struct message request;
};

static int epoll;

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    no_delay(fd);
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL) die("malloc");
    connection->fd = fd;
    message_reset(&connection->request, true);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

/** false when the connection is over. */
static bool serve(struct connection *connection) {
  static char buffer[256 * 1024];
  for (;;) {
    ssize_t received = recv(connection->fd, buffer, sizeof buffer, 0);
    if (received < 0) return errno == EAGAIN;
    if (received == 0) return false;
    size_t used = 0;
    while (used < (size_t)received) {
      used += message_push(&connection->request, buffer + used, (size_t)received - used, NULL, NULL);
      if (connection->request.phase == BROKEN) return false;
      if (connection->request.phase != DONE) break;
      // A small answer always fits into the socket's buffer: the peer asks once at a time.
      if (send(connection->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) return false;
      message_reset(&connection->request, true);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 2) die("usage: body-sink PORT");
  int listener = listen_on(atoi(argv[1]));
  epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == NULL) {
        accept_all(listener);
      } else if (!serve(connection)) {
        close(connection->fd);
        free(connection);
      }
    }
  }
}
