// What the store's tests share: a temporary folder, an event loop with a writer thread, and
// documents whose bytes are a line of text.

#pragma once

#include "controller/async/run_on.h"
#include "controller/store/object_store.h"
#include "tests/testing/temporary_folder.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::store {

// "<uid>|<owner uids>|<text>|<revision>|end"; the revision is put in by the writer.
Write make_write(Operation operation, Key key, std::string text = "",
                 Revision expected_revision = 0, std::vector<std::string> owner_uids = {});
Result<Facts> read_facts(const Key& key, std::string_view bytes);
std::string text_of(const Document& document);

inline Key pod(std::string name, std::string namespace_name = "shop") {
  return Key{"pods", std::move(namespace_name), std::move(name)};
}

// A store in a temporary folder, driven from one thread, with a writer thread beside it.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest();
  void TearDown() override;

  std::string file(const std::string& name) const { return folder_ / name; }
  StoreOptions options();
  void open() { open(options()); }
  void open(StoreOptions options);
  Result<void> try_open(StoreOptions options);
  void close();  // stop(), then the destructor
  void reopen() {
    close();
    open();
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(loop_, std::move(task), [&result](std::exception_ptr failed, T value) {
      if (failed) std::rethrow_exception(failed);
      result.emplace(std::move(value));
    });
    spin([&result] { return result.has_value(); });
    return *std::move(result);
  }
  void run(Task<void> task);

  // Runs the loop until the condition holds; fails the test after a minute.
  void spin(const std::function<bool()>& done);

  Result<DocumentPtr> commit(Write write) { return run(store_->commit(std::move(write))); }
  DocumentPtr create(const Key& key, std::string text = "");
  DocumentPtr update(const Key& key, std::string text);
  DocumentPtr remove(const Key& key);

  testing::TemporaryFolder folder_;
  std::string path_ = folder_ / "store.db";
  boost::asio::io_context loop_;
  ThreadExecutor writer_;
  std::unique_ptr<ObjectStore> store_;
};

// "Added pods shop/a 3 text" for each event.
std::vector<std::string> describe(const std::vector<Event>& events);
// "shop/a 3 text" for each document.
std::vector<std::string> describe(const std::vector<DocumentPtr>& documents);

}  // namespace clickdeploy::store
