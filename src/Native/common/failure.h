// A failure inside the native room: a status and one line of text. Thrown inside, never across the C boundary.
#pragma once
#include <cstdarg>
#include <cstdio>
#include <string>

#include "actorring.h"

namespace actorring {

struct Failure {
  ar_status status;
  std::string message;
};

[[noreturn]] __attribute__((format(printf, 2, 3))) inline void fail(ar_status status, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  throw Failure{status, text};
}

/// Runs `body`, turning whatever it throws into a status and this thread's last error.
template <class Body>
ar_status boundary(Body&& body) noexcept;

std::string& last_error();

}  // namespace actorring

#include <exception>
#include <new>

namespace actorring {

template <class Body>
ar_status boundary(Body&& body) noexcept {
  ar_status status = AR_INTERNAL;
  try {
    try {
      body();
      return AR_OK;
    } catch (const Failure& failure) {
      status = failure.status;
      last_error() = failure.message;
    } catch (const std::bad_alloc&) {
      status = AR_OUT_OF_MEMORY;
      last_error() = "out of memory";
    } catch (const std::exception& error) {
      last_error() = error.what();
    } catch (...) {
      last_error() = "unknown failure";
    }
  } catch (...) {
    // Storing the text itself ran out of memory: the status still tells.
  }
  return status;
}

}  // namespace actorring
