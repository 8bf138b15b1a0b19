// The API server by itself on a free port: what the suite of this folder runs kubectl against. Says
// its address on one line, then serves until its input ends.

#include "tests/apiserver/live_server.h"

#include <cstdio>
#include <iostream>
#include <string>

int main() {
  clickdeploy::apiserver::LiveServer server;
  std::cout << server.url() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}
