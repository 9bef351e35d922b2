// Readers of a long answer that take their time: slow-readers PORT REQUEST_FILE READERS BYTES_PER_SECOND SECONDS
//
// Each reads BYTES_PER_SECOND once a second from a socket with the smallest receive buffer the kernel gives, so that
// nearly all of the answer has to wait at the sender. Prints one RESULT line.
#include "net.h"

#include <stdbool.h>

/** The kernel doubles it and raises it to its minimum of about 2 KiB. */
enum { RECEIVE_BUFFER_BYTES = 1024 };

struct reader {
  int fd;
  bool has_sent;
  bool has_begun;
};

static void sleep_until(double time_ms) {
  double left_ms = time_ms - now_ms();
  if (left_ms <= 0) return;
  struct timespec pause = {(time_t)(left_ms / 1e3), (long)((left_ms - 1e3 * (double)(long)(left_ms / 1e3)) * 1e6)};
  nanosleep(&pause, NULL);
}

int main(int argc, char **argv) {
  if (argc != 6) die("usage: slow-readers PORT REQUEST_FILE READERS BYTES_PER_SECOND SECONDS");
  int port = atoi(argv[1]);
  struct bytes request = read_whole_file(argv[2]);
  int count = atoi(argv[3]);
  size_t bytes_per_second = (size_t)atoi(argv[4]);
  int seconds = atoi(argv[5]);
  struct reader *readers = calloc((size_t)count, sizeof *readers);
  char *buffer = malloc(bytes_per_second);
  if (readers == NULL || buffer == NULL) die("malloc");
  for (int i = 0; i < count; i++) readers[i].fd = connect_to(port, RECEIVE_BUFFER_BYTES);

  long long bytes = 0, errors = 0;
  int begun = 0;
  double started_at_ms = now_ms();
  // One turn a second for each reader, spread evenly over the second. The first turn sends the request.
  for (int turn = 0; turn <= seconds; turn++) {
    for (int i = 0; i < count; i++) {
      struct reader *reader = &readers[i];
      sleep_until(started_at_ms + turn * 1e3 + i * 1e3 / count);
      if (reader->fd < 0) continue;
      if (!reader->has_sent) {
        reader->has_sent = true;
        if (send(reader->fd, request.data, request.length, MSG_NOSIGNAL) == (ssize_t)request.length) continue;
      } else {
        ssize_t received = recv(reader->fd, buffer, bytes_per_second, 0);
        if (received < 0 && errno == EAGAIN) continue;
        bool is_good = received > 0;
        if (is_good && !reader->has_begun) {
          reader->has_begun = true;
          is_good = received >= 12 && memcmp(buffer, "HTTP/1.1 200", 12) == 0;
          begun += is_good;
        }
        if (is_good) {
          bytes += received;
          continue;
        }
      }
      errors++;
      close(reader->fd);
      reader->fd = -1;
    }
  }
  printf("RESULT {\"readers\":%d,\"begun\":%d,\"errors\":%lld,\"bytes\":%lld}\n", count, begun, errors, bytes);
  return 0;
}
