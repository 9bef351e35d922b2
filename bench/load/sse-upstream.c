// A provider that streams: sse-upstream PORT EVENTS INTERVAL_MS
//
// Every request is answered with EVENTS events, one every INTERVAL_MS, each in a write and a chunk of its own, in
// Anthropic's format below /v1/messages and in OpenAI's elsewhere. The last OpenAI event holds the usage and `[DONE]`.
#include "http.h"
#include "net.h"

#include <sys/epoll.h>

enum { WHEEL_SLOTS = 64, EVENT_LIMIT = 1024 };

struct connection {
  int fd;
  bool is_anthropic;
  /** Index of the next event; -1 between requests. */
  int next_event;
  /** What the socket has not taken yet. */
  const char *rest;
  size_t rest_length;
  long long due_ms;
  struct connection *next, **link;
  struct message request;
};

static const char HEAD_TEXT[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                                "cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

static int epoll;
static int event_count;
static long long interval_ms;
static struct bytes openai[EVENT_LIMIT], anthropic[EVENT_LIMIT];
/** Connections by the millisecond they are due in. */
static struct connection *wheel[WHEEL_SLOTS];
static int scheduled;

static struct bytes chunk(const char *text, bool is_first, bool is_last) {
  struct bytes bytes = {malloc(4096), 0};
  if (bytes.data == NULL) die("malloc");
  bytes.length = (size_t)snprintf(bytes.data, 4096, "%s%zx\r\n%s\r\n%s", is_first ? HEAD_TEXT : "", strlen(text), text,
                                  is_last ? "0\r\n\r\n" : "");
  return bytes;
}

#define OPENAI_CHUNK                                                                                      \
  "data: {\"id\":\"chatcmpl-bench-000000000000000000000000\",\"object\":\"chat.completion.chunk\","       \
  "\"created\":1760000000,\"model\":\"bench-model-2026-01-01\",\"service_tier\":\"default\","             \
  "\"system_fingerprint\":\"fp_bench\","

static void render_openai(void) {
  for (int i = 0; i < event_count; i++) {
    const char *text = OPENAI_CHUNK "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" tides\"},\"logprobs\":null,"
                                    "\"finish_reason\":null}],\"usage\":null}\n\n";
    if (i == 0)
      text = OPENAI_CHUNK "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},"
                          "\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
    else if (i == event_count - 2)
      text = OPENAI_CHUNK "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                          "\"usage\":null}\n\n";
    else if (i == event_count - 1)
      text = OPENAI_CHUNK "\"choices\":[],\"usage\":{\"prompt_tokens\":210,\"completion_tokens\":61,"
                          "\"total_tokens\":271}}\n\ndata: [DONE]\n\n";
    openai[i] = chunk(text, i == 0, i == event_count - 1);
  }
}

static void render_anthropic(void) {
  for (int i = 0; i < event_count; i++) {
    const char *text = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                       "\"delta\":{\"type\":\"text_delta\",\"text\":\" tides\"}}\n\n";
    if (i == 0)
      text = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_bench_0000000000000000\","
             "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5-20250929\",\"content\":[],"
             "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":210,"
             "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n";
    else if (i == 1)
      text = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
             "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
    else if (i == event_count - 3)
      text = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
    else if (i == event_count - 2)
      text = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
             "\"stop_sequence\":null},\"usage\":{\"output_tokens\":59}}\n\n";
    else if (i == event_count - 1)
      text = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    anthropic[i] = chunk(text, i == 0, i == event_count - 1);
  }
}

static void schedule(struct connection *connection, long long due_ms) {
  struct connection **slot = &wheel[due_ms % WHEEL_SLOTS];
  connection->due_ms = due_ms;
  connection->next = *slot;
  connection->link = slot;
  if (*slot != NULL) (*slot)->link = &connection->next;
  *slot = connection;
  scheduled++;
}

static void unschedule(struct connection *connection) {
  if (connection->link == NULL) return;
  *connection->link = connection->next;
  if (connection->next != NULL) connection->next->link = connection->link;
  connection->link = NULL;
  scheduled--;
}

static void drop(struct connection *connection) {
  unschedule(connection);
  close(connection->fd);
  free(connection);
}

/** Writes what is left of the last event, or the next one. Returns false when the connection is over. */
static bool write_event(struct connection *connection, long long time_ms) {
  if (connection->rest_length == 0) {
    struct bytes event = (connection->is_anthropic ? anthropic : openai)[connection->next_event++];
    connection->rest = event.data;
    connection->rest_length = event.length;
  }
  ssize_t sent = send(connection->fd, connection->rest, connection->rest_length, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent > 0) {
    connection->rest += sent;
    connection->rest_length -= (size_t)sent;
  }
  if (connection->rest_length > 0) {
    schedule(connection, time_ms + 1);
  } else if (connection->next_event < event_count) {
    long long due_ms = connection->due_ms + interval_ms;
    schedule(connection, due_ms > time_ms ? due_ms : time_ms + 1);
  } else {
    connection->next_event = -1;
    message_reset(&connection->request, true);
  }
  return true;
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    no_delay(fd);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) die("calloc");
    connection->fd = fd;
    connection->next_event = -1;
    message_reset(&connection->request, true);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

static bool receive(struct connection *connection, long long time_ms) {
  char buffer[16384];
  ssize_t received = recv(connection->fd, buffer, sizeof buffer, 0);
  if (received < 0) return errno == EAGAIN;
  // A peer that asks again before its answer is over has no place here.
  if (received == 0 || connection->next_event >= 0) return false;
  message_push(&connection->request, buffer, (size_t)received, NULL, NULL);
  if (connection->request.phase != DONE) return connection->request.phase != BROKEN;
  connection->is_anthropic = strstr(connection->request.head, "/v1/messages") != NULL;
  connection->next_event = 0;
  connection->due_ms = time_ms;
  return write_event(connection, time_ms);
}

static void write_due(long long from_ms, long long to_ms) {
  if (to_ms - from_ms >= WHEEL_SLOTS) from_ms = to_ms - WHEEL_SLOTS + 1;
  for (long long time_ms = from_ms; time_ms <= to_ms; time_ms++) {
    // What is written is put back for later than `to_ms`, mostly into another slot: the list is taken off first.
    struct connection *list = NULL;
    struct connection *connection;
    while ((connection = wheel[time_ms % WHEEL_SLOTS]) != NULL) {
      unschedule(connection);
      connection->next = list;
      list = connection;
    }
    while ((connection = list) != NULL) {
      list = connection->next;
      if (connection->due_ms > to_ms) schedule(connection, connection->due_ms);
      else if (!write_event(connection, to_ms)) drop(connection);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 4) die("usage: sse-upstream PORT EVENTS INTERVAL_MS");
  event_count = atoi(argv[2]);
  interval_ms = atoll(argv[3]);
  if (event_count < 8 || event_count > EVENT_LIMIT || interval_ms < 1 || interval_ms >= WHEEL_SLOTS) die("arguments");
  render_openai();
  render_anthropic();
  int listener = listen_on(atoi(argv[1]));
  epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  struct epoll_event events[256];
  long long written_up_to_ms = (long long)now_ms();
  for (;;) {
    int count = epoll_wait(epoll, events, 256, scheduled > 0 ? 1 : -1);
    long long time_ms = (long long)now_ms();
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == NULL) accept_all(listener);
      else if (!receive(connection, time_ms)) drop(connection);
    }
    if (time_ms > written_up_to_ms) write_due(written_up_to_ms + 1, time_ms);
    written_up_to_ms = time_ms;
  }
}
