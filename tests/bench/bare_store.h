// BareStore: SQLite as the store uses it (WAL, synchronous=FULL, the same rows and bytes), in a
// plain loop on one thread: a batch of writes, one transaction.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace clickdeploy::bench {

class BareStore {
 public:
  explicit BareStore(const std::string& path);
  ~BareStore();
  BareStore(const BareStore&) = delete;
  BareStore& operator=(const BareStore&) = delete;

  // Writes `count` documents named 0, 1, 2, … of these bytes in transactions of `batch` and returns
  // the seconds. `previous`: what they replace; "" creates.
  double write(std::size_t count, std::size_t batch, std::string_view bytes,
               std::string_view previous);

  // Reads every row of both tables; returns the seconds.
  double read_all();

  // The one number that a query gives.
  double sum(const char* sql);

 private:
  void execute(const char* sql);
  sqlite3_stmt* prepare(const char* sql);
  void step(sqlite3_stmt* statement);

  sqlite3* database_ = nullptr;
  sqlite3_stmt* put_document_ = nullptr;
  sqlite3_stmt* put_event_ = nullptr;
  sqlite3_stmt* set_revision_ = nullptr;
  long long revision_ = 0;
};

}  // namespace clickdeploy::bench
