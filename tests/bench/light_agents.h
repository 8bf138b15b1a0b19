// LightAgents: what answers as the agent of every server of a localcloud whose guests are none: on
// one port of all loopback addresses, telling the Instance that the address belongs to.

#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

namespace clickdeploy::bench {

class RealBed;

class LightAgents {
 public:
  LightAgents();
  ~LightAgents();
  LightAgents(const LightAgents&) = delete;
  LightAgents& operator=(const LightAgents&) = delete;

  std::uint16_t port() const { return port_; }

  // From now on it is asked of this cloud whose an address is. The bed outlives this.
  void follow(const RealBed& bed) { bed_ = &bed; }

 private:
  void serve();
  void answer(int connection);
  std::string owner_of(std::uint32_t address);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<const RealBed*> bed_ = nullptr;
  std::atomic<bool> ends_ = false;
  std::map<std::uint32_t, std::string> owners_;  // the thread's
  std::thread thread_;
};

}  // namespace clickdeploy::bench
