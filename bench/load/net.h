// Sockets, clock and files of the bench's load programs. Loopback only; whatever fails ends the program.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno == 0 ? "failed" : strerror(errno));
  exit(1);
}

/** Milliseconds of the monotonic clock, with fractions. */
static inline double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static inline int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = loopback(port);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
  if (listen(fd, 4096) != 0) die("listen");
  return fd;
}

/** Begins a connection; `receive_bytes` > 0 sets SO_RCVBUF, which counts only before the handshake. */
static inline int connect_to(int port, int receive_bytes) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket (is the limit of open files too low?)");
  if (receive_bytes > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  no_delay(fd);
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) die("connect");
  return fd;
}

struct bytes {
  char *data;
  size_t length;
};

static inline struct bytes read_whole_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) die(path);
  fseek(file, 0, SEEK_END);
  struct bytes content = {NULL, (size_t)ftell(file)};
  rewind(file);
  content.data = malloc(content.length + 1);
  if (content.data == NULL || fread(content.data, 1, content.length, file) != content.length) die(path);
  fclose(file);
  return content;
}

static inline int compare_doubles(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

/** Sorts in place. 0 for no values. */
static inline double percentile(double *values, size_t count, double percent) {
  if (count == 0) return 0;
  qsort(values, count, sizeof *values, compare_doubles);
  size_t index = (size_t)((double)count * percent / 100);
  return values[index < count ? index : count - 1];
}
