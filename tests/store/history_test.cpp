#include "tests/store/store_fixture.h"

#include <fmt/format.h>

#include <map>
#include <random>

namespace clickdeploy::store {
namespace {

class History : public StoreTest {
 protected:
  using Lines = std::vector<std::string>;

  // Makes random writes, and records what list() says after each.
  void write(unsigned seed, int count) {
    std::mt19937 random(seed);
    for (int i = 0; i < count; ++i) {
      Key key{random() % 3 ? "pods" : "nodes", random() % 2 ? "shop" : "apps",
              std::to_string(random() % 6)};
      const auto operation = static_cast<Operation>(random() % 3);
      Result<DocumentPtr> done =
          commit(make_write(operation, std::move(key), fmt::format("{}.{}", seed, i)));
      if (!done) continue;
      recorded_[store_->revision()] = describe(store_->list("pods", std::nullopt).documents);
      recorded_shop_[store_->revision()] = describe(store_->list("pods", "shop").documents);
    }
  }

  void expect_recorded() {
    for (const auto& [revision, lines] : recorded_) {
      Result<ListResult> all = store_->list_at("pods", std::nullopt, revision);
      Result<ListResult> shop = store_->list_at("pods", "shop", revision);
      if (revision < store_->oldest_revision()) {
        ASSERT_FALSE(all);
        EXPECT_EQ(all.error().code(), ErrorCode::Expired);
        continue;
      }
      ASSERT_TRUE(all) << all.error().message();
      EXPECT_EQ(all->revision, revision);
      EXPECT_EQ(describe(all->documents), lines);
      EXPECT_EQ(describe(shop->documents), recorded_shop_[revision]);
    }
  }

  std::map<Revision, Lines> recorded_;
  std::map<Revision, Lines> recorded_shop_;
};

TEST_F(History, ListsTheStateAtAnyRevisionOfTheLog) {
  open();
  write(1, 300);
  expect_recorded();
  EXPECT_EQ(store_->list_at("pods", std::nullopt, 0)->documents.size(), 0u);
  EXPECT_EQ(store_->list_at("pods", std::nullopt, store_->revision() + 1).error().code(),
            ErrorCode::InvalidArgument);
}

TEST_F(History, IsTheSameAfterAReopen) {
  open();
  write(2, 200);
  reopen();
  expect_recorded();
  write(3, 100);
  reopen();
  expect_recorded();
}

TEST_F(History, EndsWhereTheLogDoes) {
  for (unsigned seed = 10; seed < 14; ++seed) {
    StoreOptions small = options();
    small.path = file(fmt::format("{}.db", seed));
    small.log_events_max = 40;
    small.compact_batch = 7;
    open(small);
    recorded_.clear();
    recorded_shop_.clear();
    write(seed, 150);
    const Revision oldest = store_->oldest_revision();
    expect_recorded();
    close();
    open(small);
    EXPECT_EQ(store_->oldest_revision(), oldest);
    expect_recorded();
    close();
  }
}

TEST_F(History, RevisionsGoOnAfterReopening) {
  open();
  create(pod("a"));
  remove(pod("a"));
  reopen();
  EXPECT_EQ(store_->revision(), 2u);
  EXPECT_EQ(create(pod("a"))->revision, 3u);
  const std::string id = store_->cluster_id();
  EXPECT_EQ(id.size(), 36u);
  reopen();
  EXPECT_EQ(store_->cluster_id(), id);
}

}  // namespace
}  // namespace clickdeploy::store
