// Reads one HTTP/1.1 message after the other from bytes as they come: enough of RFC 9112 for well-behaved peers.
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_LIMIT = 8192 };

enum phase { HEAD, FIXED, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS, UNTIL_CLOSE, DONE, BROKEN };

struct message {
  enum phase phase;
  /** A request without a length has no body; an answer without one lasts until the connection closes. */
  bool is_request;
  int status;
  /** The peer closes the connection afterwards. */
  bool closes;
  bool in_extension;
  size_t line_length;
  unsigned long long remaining;
  size_t head_length;
  /** With a final NUL once it is complete. */
  char head[HEAD_LIMIT];
};

typedef void body_sink(void *context, const char *data, size_t length);

static inline void message_reset(struct message *message, bool is_request) {
  message->phase = HEAD;
  message->is_request = is_request;
  message->status = 0;
  message->closes = false;
  message->remaining = 0;
  message->head_length = 0;
}

/** The value of a header, or NULL. `name` ends with a colon. */
static inline const char *message_header(const struct message *message, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(message->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, length) != 0) continue;
    const char *value = line + 2 + length;
    while (*value == ' ') value++;
    return value;
  }
  return NULL;
}

static void message_head_complete(struct message *message) {
  message->head[message->head_length] = '\0';
  if (!message->is_request) message->status = atoi(message->head + strcspn(message->head, " "));
  const char *connection = message_header(message, "connection:");
  message->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
  const char *coding = message_header(message, "transfer-encoding:");
  const char *length = message_header(message, "content-length:");
  if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) {
    message->phase = CHUNK_SIZE;
    message->in_extension = false;
  } else if (length != NULL) {
    message->remaining = strtoull(length, NULL, 10);
    message->phase = message->remaining == 0 ? DONE : FIXED;
  } else {
    message->phase = message->is_request ? DONE : UNTIL_CLOSE;
  }
}

static void message_head_byte(struct message *message, char byte) {
  if (message->head_length >= HEAD_LIMIT - 1) {
    message->phase = BROKEN;
    return;
  }
  message->head[message->head_length++] = byte;
  if (byte == '\n' && message->head_length >= 4 &&
      memcmp(message->head + message->head_length - 4, "\r\n\r\n", 4) == 0)
    message_head_complete(message);
}

static void message_size_byte(struct message *message, char byte) {
  if (byte == '\n') {
    message->line_length = 0;
    message->phase = message->remaining == 0 ? TRAILERS : CHUNK_DATA;
  } else if (byte == ';' || byte == '\r') {
    message->in_extension = true;
  } else if (!message->in_extension) {
    int digit = byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
    if (digit < 0 || digit > 15) message->phase = BROKEN;
    else message->remaining = message->remaining * 16 + (unsigned long long)digit;
  }
}

/** Takes bytes up to the end of the message and returns how many; the body goes to `sink` (may be NULL). */
static inline size_t message_push(struct message *message, const char *data, size_t length, body_sink *sink,
                                  void *context) {
  size_t used = 0;
  while (used < length && message->phase != DONE && message->phase != BROKEN) {
    switch (message->phase) {
      case HEAD:
        message_head_byte(message, data[used++]);
        break;
      case CHUNK_SIZE:
        message_size_byte(message, data[used++]);
        break;
      case CHUNK_END:
        if (data[used++] != '\n') break;
        message->phase = CHUNK_SIZE;
        message->in_extension = false;
        message->remaining = 0;
        break;
      case TRAILERS:
        if (data[used] == '\n') {
          if (message->line_length == 0) message->phase = DONE;
          message->line_length = 0;
        } else if (data[used] != '\r') {
          message->line_length++;
        }
        used++;
        break;
      default: {
        size_t part = length - used;
        if (message->phase != UNTIL_CLOSE && part > message->remaining) part = (size_t)message->remaining;
        if (sink != NULL) sink(context, data + used, part);
        used += part;
        if (message->phase == UNTIL_CLOSE) break;
        message->remaining -= part;
        if (message->remaining == 0) message->phase = message->phase == FIXED ? DONE : CHUNK_END;
      }
    }
  }
  return used;
}
