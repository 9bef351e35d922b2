// Status lines and the statuses of refusals.
#pragma once

#include <cstdint>
#include <string_view>

#include "../http/request-parser.h"

namespace tidegate::server {

// `HTTP/1.1 200 OK` with CRLF. The text of a status nobody has registered is empty.
std::string_view statusLine(uint16_t status);

uint16_t statusOf(http::RequestRefusal refusal);

}  // namespace tidegate::server
