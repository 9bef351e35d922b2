// Makes one call after the other over one connection and times each: one-at-a-time PORT REQUEST_FILE SECONDS
#include "http.h"
#include "net.h"

static struct message answer;
static char buffer[65536];

static void send_whole(int fd, struct bytes request) {
  size_t sent = 0;
  while (sent < request.length) {
    ssize_t part = send(fd, request.data + sent, request.length - sent, MSG_NOSIGNAL);
    if (part <= 0) die("send");
    sent += (size_t)part;
  }
}

/** false: it is no whole answer with status 200. */
static bool call(int fd, struct bytes request) {
  message_reset(&answer, false);
  send_whole(fd, request);
  while (answer.phase != DONE) {
    ssize_t received = recv(fd, buffer, sizeof buffer, 0);
    if (received <= 0) return false;
    message_push(&answer, buffer, (size_t)received, NULL, NULL);
    if (answer.phase == BROKEN || answer.phase == UNTIL_CLOSE) return false;
  }
  return answer.status == 200 && !answer.closes;
}

int main(int argc, char **argv) {
  if (argc != 4) die("usage: one-at-a-time PORT REQUEST_FILE SECONDS");
  struct bytes request = read_whole_file(argv[2]);
  double seconds = atof(argv[3]);
  size_t limit = (size_t)(seconds * 1e6) + 1, count = 0;
  double *took_ms = malloc(limit * sizeof *took_ms);
  if (took_ms == NULL) die("malloc");
  int fd = connect_to(atoi(argv[1]), 0);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  double began_ms = now_ms(), ended_ms = began_ms;
  long long errors = 0;
  while (ended_ms - began_ms < seconds * 1e3 && count < limit && errors == 0) {
    double sent_ms = ended_ms;
    if (!call(fd, request)) errors++;
    ended_ms = now_ms();
    took_ms[count++] = ended_ms - sent_ms;
  }
  printf("RESULT {\"requests\":%zu,\"errors\":%lld,\"seconds\":%.3f,\"p50Ms\":%.4f,\"p99Ms\":%.4f}\n", count, errors,
         (ended_ms - began_ms) / 1e3, percentile(took_ms, count, 50), percentile(took_ms, count, 99));
  return 0;
}
