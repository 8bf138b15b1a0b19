#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/keystone_internal.h"
#include "controller/openstack/microversion_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

Catalog two_regions() {
  Result<Json> json = parse_json(R"([
    {"type": "compute", "endpoints": [
      {"interface": "public", "region": "a", "url": "http://a:8774/v2.1/"},
      {"interface": "internal", "region": "a", "url": "http://in.a:8774/v2.1"},
      {"interface": "public", "region_id": "b", "url": "https://b/compute/v2.1/p1"}]},
    {"type": "network", "endpoints": [
      {"interface": "publicURL", "region": "a", "url": "http://a:9696"},
      {"interface": "public", "region": "b", "url": "http://b:9696/v2.0/"}]},
    {"type": "image", "endpoints": [{"interface": "public", "region": "a", "url": "http://a:9292/v1/"}]},
    {"type": "hostile", "endpoints": [
      {"interface": "public", "region": "a", "url": "file:///etc/passwd"},
      {"interface": "public", "region": "a", "url": "http://user@evil/"},
      {"interface": "public", "region": "a", "url": "http://h/\r\nX: y"},
      {"interface": "public", "region": "a", "url": 7}, 3, null]},
    "nonsense", {"endpoints": 5}])");
  return Catalog::parse(*json);
}

TEST(Catalog, ChoosesByRegionAndInterface) {
  const Catalog catalog = two_regions();
  EXPECT_EQ(catalog.endpoint("compute", "a", "public"), "http://a:8774/v2.1");
  EXPECT_EQ(catalog.endpoint("compute", "a", "internal"), "http://in.a:8774/v2.1");
  EXPECT_EQ(catalog.endpoint("compute", "b", "public"), "https://b/compute/v2.1/p1");
  EXPECT_EQ(catalog.endpoint("network", "a", "public"), "http://a:9696/v2.0");
  EXPECT_EQ(catalog.endpoint("network", "b", "public"), "http://b:9696/v2.0");
  EXPECT_EQ(catalog.endpoint("image", "", "public"), "http://a:9292/v2");
}

TEST(Catalog, BlockStorageHasTwoNames) {
  const auto with = [](const std::string& type, const std::string& url) {
    return Catalog::parse(Json::array({Json::object(
        {{"type", type},
         {"endpoints", Json::array({Json::object(
                           {{"interface", "public"}, {"region", "a"}, {"url", url}})})}})}));
  };
  for (const char* type : {"volumev3", "block-storage"}) {
    EXPECT_EQ(with(type, "http://a:8776/v3/p1/").endpoint("volume", "a", "public"),
              "http://a:8776/v3/p1");
  }
  EXPECT_FALSE(with("volumev2", "http://a:8776/v2/p1").endpoint("volume", "a", "public"));
  EXPECT_NE(with("volumev3", "http://a/v3/p1").hash("a", "public"), Catalog().hash("a", "public"));
}

TEST(Catalog, SaysWhatIsMissingAndWhatThereIs) {
  struct {
    const char *service, *region, *interface, *message;
  } const cases[] = {
      {"volume", "a", "public",
       "the catalog has no service of type block-storage or volumev3; it has: compute, image, "
       "network"},
      {"compute", "c", "public", "the catalog has no compute in region c; it has: a, b"},
      {"compute", "", "public",
       "no region is chosen, and the catalog has several for compute: a, b"},
      {"network", "a", "admin", "the catalog has no admin interface of network; it has: public"},
      {"hostile", "a", "public",
       "the catalog has no service of type hostile; it has: compute, image, network"},
  };
  for (const auto& c : cases) {
    Result<std::string> got = two_regions().endpoint(c.service, c.region, c.interface);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), ErrorCode::NotFound);
    EXPECT_EQ(got.error().message(), c.message);
  }
  EXPECT_FALSE(Catalog::parse(Json()).endpoint("compute", "", "public"));
}

TEST(Catalog, HashChangesWithTheEndpointsInUse) {
  const Catalog catalog = two_regions();
  EXPECT_EQ(catalog.hash("a", "public"), two_regions().hash("a", "public"));
  EXPECT_NE(catalog.hash("a", "public"), catalog.hash("b", "public"));
}

TEST(Authority, IsTheHostOfAnHttpUrl) {
  EXPECT_EQ(authority_of("http://Host:80/x?y"), "host:80");
  EXPECT_EQ(authority_of("https://[::1]:5000"), "[::1]:5000");
  for (const char* bad :
       {"", "host", "//host/", "ftp://host", "http://", "http://a@b/", "http://a b/"}) {
    EXPECT_EQ(authority_of(bad), "") << bad;
  }
}

TEST(Microversion, StaysBetweenWhatWeNeedAndWhatWeKnow) {
  struct {
    const char *endpoint, *document, *base, *version;
  } const good[] = {
      {"http://h/v2.1", R"({"version": {"id": "v2.1", "min_version": "2.1", "version": "2.93"}})",
       "http://h/v2.1", "2.90"},
      {"http://h/v2.1/p", R"({"version": {"id": "v2.1", "min_version": "2.1", "version": "2.79"}})",
       "http://h/v2.1/p", "2.79"},
      {"http://h/compute",
       R"({"versions": [{"id": "v2.0", "version": ""}, {"id": "v2.1", "version": "2.52"}]})",
       "http://h/compute/v2.1", "2.52"},
  };
  for (const auto& c : good) {
    Result<ComputeDialect> got = choose_dialect(c.endpoint, *parse_json(c.document));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->base, c.base);
    EXPECT_EQ(got->microversion, c.version);
  }
  struct {
    const char* document;
    ErrorCode code;
    const char* message;
  } const bad[] = {
      {R"({"version": {"version": "2.51"}})", ErrorCode::InvalidArgument,
       "compute: microversion 2.52 or newer is needed, the cloud offers 2.51"},
      {R"({"version": {"version": ""}})", ErrorCode::InvalidArgument,
       "compute: microversion 2.52 or newer is needed, the cloud offers none"},
      {R"({"version": {"version": "2.120", "min_version": "2.100"}})", ErrorCode::InvalidArgument,
       "compute: microversion 2.90 is no longer offered, the oldest is 2.100"},
      {R"({})", ErrorCode::Unavailable, "compute: its version document has no v2.1"},
  };
  for (const auto& c : bad) {
    Result<ComputeDialect> got = choose_dialect("http://h/v2.1", *parse_json(c.document));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), c.code);
    EXPECT_EQ(got.error().message(), c.message);
  }
}

TEST(Microversion, DocumentIsAboveTheProject) {
  EXPECT_EQ(version_document_url("http://h:8774/v2.1"), "http://h:8774/v2.1/");
  EXPECT_EQ(version_document_url("http://h/compute/v2.1/abc"), "http://h/compute/v2.1/");
  EXPECT_EQ(version_document_url("http://h/compute"), "http://h/compute/");
}

TEST(LoginBody, TakesThePlaceThatTheCredentialsName) {
  Credentials c;
  c.username = "u";
  c.user_domain_id = "default";
  c.password = SecretString("p");
  c.project_name = "demo";
  EXPECT_EQ(
      to_json(login_body(c)),
      R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"u","password":"p"}}},"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}})");
  c.project_id = "p1";
  c.user_id = "u1";
  EXPECT_EQ(
      to_json(login_body(c)),
      R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"project":{"id":"p1"}}}})");

  Credentials app;
  app.application_credential_id = "a1";
  app.application_credential_secret = SecretString("s");
  EXPECT_EQ(
      to_json(login_body(app)),
      R"({"auth":{"identity":{"application_credential":{"id":"a1","secret":"s"},"methods":["application_credential"]}}})");
  app.application_credential_id.clear();
  app.application_credential_name = "deploy";
  app.username = "u";
  EXPECT_EQ(
      to_json(login_body(app)),
      R"({"auth":{"identity":{"application_credential":{"name":"deploy","secret":"s","user":{"domain":{"name":"Default"},"name":"u"}},"methods":["application_credential"]}}})");
}

TEST(LoginBody, AuthUrlMayHaveItsVersion) {
  for (const char* url :
       {"http://k:5000", "http://k:5000/", "http://k:5000/v3", "http://k:5000/v3/"}) {
    EXPECT_EQ(tokens_url(url), "http://k:5000/v3/auth/tokens");
  }
  EXPECT_EQ(tokens_url("https://h/identity/v3"), "https://h/identity/v3/auth/tokens");
}

}  // namespace
}  // namespace clickdeploy::openstack
