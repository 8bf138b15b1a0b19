// Answers that are cut off, mutated or hostile: an error or a value, never a crash, never a hang.

#include "controller/async/random.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/keystone_internal.h"
#include "controller/openstack/microversion_internal.h"
#include "controller/openstack/observer.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/words_internal.h"
#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

const std::string kCorpus[] = {
    R"({"id": "s-1", "name": "web", "status": "ACTIVE", "fault": {"code": 500, "message": "x"}, "addresses": {"n": [{"addr": "10.0.0.1", "OS-EXT-IPS:type": "fixed"}]}, "image": {"id": "i"}, "flavor": {"original_name": "f"}, "metadata": {"a": "b"}, "tags": ["t"], "subnets": ["x"], "fixed_ips": [{"ip_address": "10.0.0.2"}]})",
    R"({"token": {"issued_at": "2026-11-22T00:00:00.000000Z", "expires_at": "2026-11-22T01:00:00.000000Z", "project": {"id": "p"}, "user": {"id": "u"}, "catalog": [{"type": "compute", "endpoints": [{"interface": "public", "region": "r", "url": "http://h/v2.1"}]}]}})",
    R"({"servers": [{"id": "a"}], "servers_links": [{"rel": "next", "href": "http://cloud:8774/x?marker=a"}]})",
    R"({"versions": [{"id": "v2.1", "version": "2.93", "min_version": "2.1"}], "version": null})",
    R"({"NeutronError": {"type": "OverQuota", "message": "Quota exceeded", "detail": ""}})",
    "<!DOCTYPE "
    "html><html><head><title>502</title><style>x</style></head><body><h1>Bad</h1>&lt;p&gt;</body></"
    "html>",
};

// Every reader of foreign text, on the same bytes.
void read_as_everything(const std::string& text) {
  const http::Response response{
      .status = 400,
      .headers = {{"X-Subject-Token", "t"}, {"x-openstack-request-id", text}},
      .body = text};
  (void)error_from_response(response, NotFoundForm::Json);
  (void)parse_login(response, fake_credentials(), WallTime());
  (void)words_of_html(text);
  (void)first_sentence(text);
  (void)clean_text(text, 100, LineBreaks::Keep);
  (void)authority_of(text);
  (void)parse_clouds_yaml(text, "demo");
  Result<Json> json = parse_json(text);
  if (!json) return;
  (void)parse_server(*json);
  (void)parse_port(*json);
  (void)parse_flavor(*json);
  (void)parse_image(*json);
  (void)parse_network(*json);
  (void)parse_security_group(*json);
  (void)parse_quota(*json);
  (void)choose_dialect("http://h/v2.1", *json);
  (void)next_query(*json, "servers", "cloud:8774");
  const Catalog catalog = Catalog::parse((*json)["token"]["catalog"]);
  (void)catalog.endpoint("compute", "", "public");
}

TEST(HostileAnswers, TruncatedAtEveryByte) {
  for (const std::string& whole : kCorpus) {
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      read_as_everything(whole.substr(0, length));
    }
  }
}

TEST(HostileAnswers, MutatedBytes) {
  SeededRandom random(20261122);
  for (int round = 0; round < 4'000; ++round) {
    std::string text = kCorpus[random.next() % std::size(kCorpus)];
    for (std::uint64_t edits = 1 + random.next() % 4; edits > 0; --edits) {
      const std::size_t at = random.next() % text.size();
      switch (random.next() % 4) {
        case 0:
          text[at] = static_cast<char>(random.next());
          break;
        case 1:
          text.erase(at, 1 + random.next() % 8);
          break;
        case 2:
          text.insert(at, text.substr(random.next() % text.size(), random.next() % 20));
          break;
        default:
          text.insert(at, 1, "{}[]\",:0\\<>&\x1b"[random.next() % 13]);
      }
      if (text.empty()) text = "{";
    }
    read_as_everything(text);
  }
}

// Each value of a good answer in turn becomes one of another type.
void replace_each(Json& value, const std::function<void()>& visit) {
  const Json odd[] = {Json(),
                      Json(-1),
                      Json(1e308),
                      Json(""),
                      Json::array({Json()}),
                      Json::object({{"id", Json::array()}}),
                      Json(std::string(70'000, 'x'))};
  const Json whole = value;
  for (const Json& other : odd) {
    value = other;
    visit();
  }
  value = whole;
  if (value.is_array()) {
    for (Json& item : value.array_ref()) replace_each(item, visit);
  } else if (value.is_object()) {
    for (auto& [name, member] : value.object_ref()) replace_each(member, visit);
  }
}

TEST(HostileAnswers, ValuesOfOtherTypes) {
  for (const std::string& text : kCorpus) {
    Result<Json> json = parse_json(text);
    if (!json) continue;
    replace_each(*json, [&] { read_as_everything(to_json(*json)); });
  }
}

// What a cloud could answer to any request of a sweep; none may be taken for an empty fleet.
TEST(HostileAnswers, NoneIsTakenForAnEmptyCloud) {
  const http::Response answers[] = {
      text_response(502, "<html>bad gateway</html>"),
      text_response(200, "<html>bad gateway</html>"),
      text_response(200, ""),
      text_response(204, ""),
      text_response(200, "{}"),
      text_response(200, "null"),
      text_response(200, "{\"servers\": {}, \"ports\": {}}"),
      text_response(200, "{\"servers\": [null], \"ports\": [null]}"),
      text_response(200, R"({"servers": [{"id": "a/b", "status": "ACTIVE"}]})"),
      text_response(200, R"({"servers": [{"id": "a\nb", "status": "ACTIVE"}]})"),
      text_response(200, R"({"servers": [{"id": "a"}]})"),
      text_response(
          200,
          R"({"servers": [], "servers_links": [{"rel": "next", "href": "http://evil/?marker=1"}]})"),
      text_response(200,
                    R"({"servers": [], "servers_links": [{"rel": "next", "href": "?marker=1"}]})"),
      text_response(300, R"({"choices": []})"),
      text_response(302, ""),
      text_response(200, std::string(100, '[')),
  };
  for (const http::Response& hostile : answers) {
    SCOPED_TRACE(hostile.body);
    VirtualWorld world;
    FakeCloud cloud(world);
    cloud.answer = [&](const http::Request&) { return hostile; };
    Session session(cloud, world, fake_credentials(), {.requests_per_second = 1e4, .burst = 100});
    CloudObserver observer(session, world, {.poll = 10s});
    TaskGroup group(world.executor());
    group.start("observer", observer.run());
    world.run_for(5s);
    EXPECT_EQ(observer.snapshot(), nullptr);
    EXPECT_TRUE(observer.last_error());
    group.cancel();
    world.run_for(1s);
  }
}

}  // namespace
}  // namespace clickdeploy::openstack
