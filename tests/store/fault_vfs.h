// FaultVfs: SQLite's own file system with errors on demand, registered under a name.
//
// Everything but the failing operation goes to the machine's files; syncs are only counted. Faults
// may be switched from any thread. Registered while it lives; no database may be open through it
// when it is destroyed.

#pragma once

#include <atomic>
#include <memory>
#include <string>

namespace clickdeploy::store {

struct FaultVfsState;

class FaultVfs {
 public:
  explicit FaultVfs(std::string name);
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const;

  // Writes, and growing a file, fail with this SQLite code; 0 lets them pass.
  void fail_writes(int code);
  // The n-th write, sync or truncate from now fails once, n from 1; 0 is never.
  void fail_operation(int n, int code);

  int operations() const;  // writes, syncs and truncates so far

 private:
  std::unique_ptr<FaultVfsState> state_;
};

}  // namespace clickdeploy::store
