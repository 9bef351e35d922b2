#include "status-line.h"

#include <array>
#include <cstdio>

namespace tidegate::server {

namespace {

struct Line {
  char text[64];
  uint8_t length;
};

// Registered at IANA (HTTP Status Code Registry).
const char* reasonOf(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 208: return "Already Reported";
    case 226: return "IM Used";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 418: return "I'm a Teapot";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 506: return "Variant Also Negotiates";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 510: return "Not Extended";
    case 511: return "Network Authentication Required";
    default: return "";
  }
}

std::array<Line, 600> makeLines() {
  std::array<Line, 600> lines{};
  for (int status = 100; status < 600; status++) {
    Line& line = lines[static_cast<size_t>(status)];
    line.length =
        static_cast<uint8_t>(std::snprintf(line.text, sizeof line.text, "HTTP/1.1 %d %s\r\n", status, reasonOf(status)));
  }
  return lines;
}

const std::array<Line, 600> kLines = makeLines();

}  // namespace

std::string_view statusLine(uint16_t status) {
  const Line& line = kLines[status >= 100 && status < 600 ? status : 500];
  return {line.text, line.length};
}

uint16_t statusOf(http::RequestRefusal refusal) {
  switch (refusal) {
    case http::RequestRefusal::kBadVersion: return 505;
    case http::RequestRefusal::kBadExpectation: return 417;
    case http::RequestRefusal::kTargetTooLong: return 414;
    case http::RequestRefusal::kHeadTooLong: return 431;
    default: return 400;
  }
}

}  // namespace tidegate::server
