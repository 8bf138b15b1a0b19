#include "tests/store/store_fixture.h"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::store {
namespace {

struct Acknowledged {
  int key = 0;
  int round = 0;
  Revision revision = 0;
};

Task<void> write_for_ever(ObjectStore& store, int key, int round, int pipe) {
  for (;;) {
    Key name = pod(std::to_string(key));
    const Operation operation = store.get(name) ? Operation::Update : Operation::Create;
    Write write = make_write(operation, name, std::to_string(++round));
    Result<DocumentPtr> done = co_await store.commit(std::move(write));
    if (!done) ::_exit(2);
    const Acknowledged line{key, round, (*done)->revision};
    if (::write(pipe, &line, sizeof line) != sizeof line) ::_exit(3);
  }
}

// The child's whole life: opens, writes from ten coroutines, tells what was acknowledged.
[[noreturn]] void child_main(const std::string& path, int round, int pipe) {
  boost::asio::io_context loop;
  ThreadExecutor writer;
  StoreOptions options;
  options.path = path;
  options.writer = writer.executor();
  options.batch_max = 4;
  options.log_events_max = 200;
  options.compact_batch = 20;
  Result<std::unique_ptr<ObjectStore>> store = ObjectStore::open(options, read_facts);
  if (!store) ::_exit(1);
  for (int key = 0; key < 10; ++key) {
    boost::asio::co_spawn(loop, write_for_ever(**store, key, round, pipe), boost::asio::detached);
  }
  loop.run();
  ::_exit(4);
}

class Crash : public ::testing::Test {};

TEST_F(Crash, LosesNothingAcknowledgedWhenKilled) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "store.db";
  std::map<int, Acknowledged> last;
  Revision newest = 0;
  constexpr int kRounds = 12;
  for (int round = 0; round < kRounds; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      child_main(path, round * 1'000'000, pipe[1]);
    }
    ::close(pipe[1]);
    // A different moment each time: after so many acknowledgements, whatever the child does then.
    const int wanted = 1 + round * round * 7;
    int received = 0;
    Acknowledged line;
    while (::read(pipe[0], &line, sizeof line) == sizeof line) {
      ASSERT_GT(line.revision, last[line.key].revision) << "a revision came twice";
      last[line.key] = line;
      newest = std::max(newest, line.revision);
      if (++received == wanted) ::kill(child, SIGKILL);
    }
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);

    boost::asio::io_context loop;
    StoreOptions options;
    options.path = path;
    options.writer = loop.get_executor();
    Result<std::unique_ptr<ObjectStore>> store = ObjectStore::open(options, read_facts);
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_GE((*store)->revision(), newest);
    for (const auto& [key, acknowledged] : last) {
      if (acknowledged.revision == 0) continue;
      DocumentPtr found = (*store)->get(pod(std::to_string(key)));
      ASSERT_NE(found, nullptr);
      ASSERT_GE(found->revision, acknowledged.revision);
      ASSERT_GE(std::stoi(text_of(*found)), acknowledged.round);
    }
  }
}

}  // namespace
}  // namespace clickdeploy::store
