#include "tests/store/store_fixture.h"

#include "controller/base/text.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <functional>

namespace clickdeploy::store {

Write make_write(Operation operation, Key key, std::string text, Revision expected_revision,
                 std::vector<std::string> owner_uids) {
  Write write;
  write.operation = operation;
  write.expected_revision = expected_revision;
  write.facts.uid = "uid-of-" + key.name;
  write.facts.owner_uids = std::move(owner_uids);
  write.before = fmt::format("{}|{}|{}|", write.facts.uid, join(write.facts.owner_uids, ","), text);
  write.after = "|end";
  write.key = std::move(key);
  return write;
}

Result<Facts> read_facts(const Key&, std::string_view bytes) {
  const std::vector<std::string> parts = split(bytes, '|');
  if (parts.size() != 5 || parts[4] != "end") return fail(ErrorCode::Internal, "malformed bytes");
  Facts facts;
  facts.uid = parts[0];
  if (!parts[1].empty()) facts.owner_uids = split(parts[1], ',');
  return facts;
}

std::string text_of(const Document& document) {
  return split(document.bytes, '|').at(2);
}

// Many tests make the database fail; that it says so in the log is not news.
StoreTest::StoreTest() {
  spdlog::set_level(spdlog::level::off);
}

void StoreTest::TearDown() {
  if (store_) close();
}

StoreOptions StoreTest::options() {
  StoreOptions options;
  options.path = path_;
  options.writer = writer_.executor();
  return options;
}

Result<void> StoreTest::try_open(StoreOptions options) {
  Result<std::unique_ptr<ObjectStore>> opened = ObjectStore::open(std::move(options), read_facts);
  if (!opened) return std::unexpected(std::move(opened).error());
  store_ = *std::move(opened);
  return {};
}

void StoreTest::open(StoreOptions options) {
  Result<void> opened = try_open(std::move(options));
  ASSERT_TRUE(opened) << opened.error().message();
}

void StoreTest::close() {
  run(store_->stop());
  store_.reset();
}

void StoreTest::run(Task<void> task) {
  bool done = false;
  boost::asio::co_spawn(loop_, std::move(task), [&done](std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
    done = true;
  });
  spin([&done] { return done; });
}

void StoreTest::spin(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!done()) {
    if (loop_.stopped()) loop_.restart();
    loop_.run_one_until(deadline);
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "nothing came within a minute";
      std::abort();  // what is still waited for refers to the test's own frame
    }
  }
}

DocumentPtr StoreTest::create(const Key& key, std::string text) {
  Result<DocumentPtr> done = commit(make_write(Operation::Create, key, std::move(text)));
  EXPECT_TRUE(done) << done.error().message();
  return done.value_or(nullptr);
}

DocumentPtr StoreTest::update(const Key& key, std::string text) {
  Result<DocumentPtr> done = commit(make_write(Operation::Update, key, std::move(text)));
  EXPECT_TRUE(done) << done.error().message();
  return done.value_or(nullptr);
}

DocumentPtr StoreTest::remove(const Key& key) {
  Result<DocumentPtr> done = commit(make_write(Operation::Delete, key, "last"));
  EXPECT_TRUE(done) << done.error().message();
  return done.value_or(nullptr);
}

std::vector<std::string> describe(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) {
    const Document& document = *event.document;
    const char* type = event.type == EventType::Added      ? "Added"
                       : event.type == EventType::Modified ? "Modified"
                                                           : "Deleted";
    lines.push_back(fmt::format("{} {} {}/{} {} {} after {}", type, document.key.resource,
                                document.key.namespace_name, document.key.name, document.revision,
                                document.bytes, event.previous ? event.previous->bytes : "none"));
  }
  return lines;
}

std::vector<std::string> describe(const std::vector<DocumentPtr>& documents) {
  std::vector<std::string> lines;
  for (const DocumentPtr& document : documents) {
    lines.push_back(fmt::format("{}/{} {} {}", document->key.namespace_name, document->key.name,
                                document->revision, document->bytes));
  }
  return lines;
}

}  // namespace clickdeploy::store
