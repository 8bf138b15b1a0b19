// free_address: a loopback address and port that nobody listens on, for programs that cannot be
// told to take any port.
//
// The address (127.64.0.0/10) is made of the process's id, so tests that run at the same time never
// take each other's ports.

#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace clickdeploy::testing {

// "127.64.3.7:40123"
inline std::string free_address() {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl((127u << 24) + (64u << 16) + (pid & 0x3FFFFF));
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof(name);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&name), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), 0);
  ::close(socket);
  char text[INET_ADDRSTRLEN] = "";
  EXPECT_NE(::inet_ntop(AF_INET, &name.sin_addr, text, sizeof(text)), nullptr);
  return std::string(text) + ":" + std::to_string(ntohs(name.sin_port));
}

}  // namespace clickdeploy::testing
