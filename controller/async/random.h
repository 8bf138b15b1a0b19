// Random: the only source of randomness. Production: the operating system's; simulation: a seed.

#pragma once

#include <cstdint>
#include <string>

namespace clickdeploy {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // any thread

  std::string uuid();                      // version 4
  std::string name_suffix(std::size_t n);  // from Kubernetes' bcdfghjklmnpqrstvwxz2456789
  std::string hex(std::size_t bytes);
};

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

// splitmix64: the same seed, the same numbers. For tests and the simulation.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace clickdeploy
