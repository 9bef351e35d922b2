// Reads event streams: sse-readers PORT REQUEST_FILE CONNECTIONS STREAMS END_MARK TIMEOUT_MS
//
// Every connection sends the request STREAMS times, one after the other, and reads each answer to its end, which must
// hold END_MARK. The first requests are spread over 20 ms, so that streams keep apart. Prints one RESULT line.
#include "http.h"
#include "net.h"

#include <sys/epoll.h>

struct connection {
  int fd;
  int streams_left;
  bool is_waiting_for_first;
  bool has_ended;
  /** How much of the mark, and of "data:" at the beginning of a line, has been seen; -1: not in this line. */
  size_t mark_matched;
  int field_matched;
  double sent_at_ms;
  struct message answer;
};

static struct bytes request;
static const char *mark;
static int port, epoll;
static long long begun, events_read, bytes_read, streams_read, errors;
static double *first_event_ms;

static void look_at_body(void *context, const char *data, size_t length) {
  static const char FIELD[] = "data:";
  struct connection *connection = context;
  if (connection->is_waiting_for_first) {
    connection->is_waiting_for_first = false;
    first_event_ms[begun++] = now_ms() - connection->sent_at_ms;
  }
  bytes_read += (long long)length;
  for (size_t i = 0; i < length; i++) {
    char byte = data[i];
    if (byte == '\n') {
      connection->field_matched = 0;
    } else if (connection->field_matched >= 0) {
      connection->field_matched = byte == FIELD[connection->field_matched] ? connection->field_matched + 1 : -1;
      if (connection->field_matched == sizeof FIELD - 1) {
        events_read++;
        connection->field_matched = -1;
      }
    }
    if (connection->has_ended) continue;
    if (byte == mark[connection->mark_matched]) connection->mark_matched++;
    else connection->mark_matched = byte == mark[0];
    connection->has_ended = mark[connection->mark_matched] == '\0';
  }
}

static void open_connection(struct connection *connection) {
  connection->fd = connect_to(port, 0);
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void send_request(struct connection *connection) {
  message_reset(&connection->answer, false);
  connection->is_waiting_for_first = true;
  connection->has_ended = false;
  connection->mark_matched = 0;
  connection->field_matched = 0;
  connection->sent_at_ms = now_ms();
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
  // A request of some KB fits into the buffer of a connection that has nothing else to send.
  if (send(connection->fd, request.data, request.length, MSG_NOSIGNAL) != (ssize_t)request.length) errors++;
}

/** Returns false when the connection has no streams left. */
static bool next_stream(struct connection *connection, bool is_good, bool reconnects) {
  if (is_good) streams_read++;
  else errors++;
  connection->streams_left--;
  if (reconnects || connection->streams_left == 0) {
    close(connection->fd);
    if (connection->streams_left == 0) return false;
    open_connection(connection);
  } else {
    send_request(connection);
  }
  return true;
}

/** Returns false when the connection has no streams left. */
static bool receive(struct connection *connection) {
  static char buffer[65536];
  ssize_t received = recv(connection->fd, buffer, sizeof buffer, 0);
  if (received < 0 && errno == EAGAIN) return true;
  struct message *answer = &connection->answer;
  if (received <= 0) {
    bool is_good = answer->phase == UNTIL_CLOSE && answer->status == 200 && connection->has_ended;
    return next_stream(connection, is_good, true);
  }
  message_push(answer, buffer, (size_t)received, look_at_body, connection);
  if (answer->phase == BROKEN) return next_stream(connection, false, true);
  if (answer->phase != DONE) return true;
  return next_stream(connection, answer->status == 200 && connection->has_ended, answer->closes);
}

int main(int argc, char **argv) {
  if (argc != 7) die("usage: sse-readers PORT REQUEST_FILE CONNECTIONS STREAMS END_MARK TIMEOUT_MS");
  port = atoi(argv[1]);
  request = read_whole_file(argv[2]);
  int connection_count = atoi(argv[3]), streams = atoi(argv[4]);
  mark = argv[5];
  double timeout_ms = atof(argv[6]);
  struct connection *connections = calloc((size_t)connection_count, sizeof *connections);
  first_event_ms = calloc((size_t)connection_count * (size_t)streams + 1, sizeof *first_event_ms);
  if (connections == NULL || first_event_ms == NULL) die("calloc");
  epoll = epoll_create1(EPOLL_CLOEXEC);

  double started_at_ms = now_ms();
  int opened = 0, open_count = connection_count;
  struct epoll_event events[256];
  while (open_count > 0 && now_ms() - started_at_ms < timeout_ms) {
    while (opened < connection_count && now_ms() - started_at_ms >= opened * 20.0 / connection_count) {
      connections[opened].streams_left = streams;
      open_connection(&connections[opened++]);
    }
    int count = epoll_wait(epoll, events, 256, opened < connection_count ? 0 : 100);
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_request(connection);
      else if (!receive(connection)) open_count--;
    }
  }
  double seconds = (now_ms() - started_at_ms) / 1e3;
  long long missing = (long long)connection_count * streams - streams_read - errors;
  double p50 = percentile(first_event_ms, (size_t)begun, 50);
  double p99 = percentile(first_event_ms, (size_t)begun, 99);
  printf("RESULT {\"streams\":%lld,\"errors\":%lld,\"eventsRead\":%lld,\"bytes\":%lld,\"seconds\":%.3f,"
         "\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
         streams_read, errors + missing, events_read, bytes_read, seconds, p50, p99);
  return 0;
}
