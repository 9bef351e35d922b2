// Connections that made one call each and stay: idle-connections PORT REQUEST_FILE COUNT AT_ONCE
//
// Prints READY when every connection has had its answer. A line on standard input, or its end, makes it look which
// connections are still open, and print the RESULT line.
#include "http.h"
#include "net.h"

#include <poll.h>
#include <sys/epoll.h>

struct connection {
  int fd;
  struct message answer;
};

static struct bytes request;
static int port, epoll;
static long long errors;

static void open_connection(struct connection *connection) {
  connection->fd = connect_to(port, 0);
  message_reset(&connection->answer, false);
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void send_request(struct connection *connection) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
  if (send(connection->fd, request.data, request.length, MSG_NOSIGNAL) != (ssize_t)request.length) errors++;
}

/** Returns true when the answer is there, or will never be. */
static bool receive(struct connection *connection) {
  static char buffer[65536];
  ssize_t received = recv(connection->fd, buffer, sizeof buffer, 0);
  if (received < 0 && errno == EAGAIN) return false;
  if (received > 0) message_push(&connection->answer, buffer, (size_t)received, NULL, NULL);
  enum phase phase = connection->answer.phase;
  if (received > 0 && phase != DONE && phase != BROKEN) return false;
  if (received <= 0 || phase == BROKEN || connection->answer.status != 200) errors++;
  epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
  return true;
}

int main(int argc, char **argv) {
  if (argc != 5) die("usage: idle-connections PORT REQUEST_FILE COUNT AT_ONCE");
  port = atoi(argv[1]);
  request = read_whole_file(argv[2]);
  int count = atoi(argv[3]), at_once = atoi(argv[4]);
  struct connection *connections = calloc((size_t)count, sizeof *connections);
  if (connections == NULL) die("calloc");
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int opened = 0, answered = 0;
  struct epoll_event events[256];
  while (answered < count) {
    while (opened < count && opened - answered < at_once) open_connection(&connections[opened++]);
    int ready = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_request(connection);
      else if (receive(connection)) answered++;
    }
  }
  printf("READY\n");
  fflush(stdout);

  char line[16];
  if (fgets(line, sizeof line, stdin) == NULL) line[0] = '\0';
  int open_count = 0;
  for (int i = 0; i < count; i++) {
    char byte;
    open_count += recv(connections[i].fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
  }
  printf("RESULT {\"connections\":%d,\"open\":%d,\"errors\":%lld}\n", count, open_count, errors);
  return 0;
}
