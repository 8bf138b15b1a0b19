#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/retry_after_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::openstack {
namespace {

struct MappingCase {
  std::string name;
  int status;
  std::string body;
  ErrorCode code;
  std::string message;
};

const MappingCase kCases[] = {
    {"nova bad request", 400,
     R"({"badRequest": {"code": 400, "message": "Invalid imageRef provided."}})",
     ErrorCode::InvalidArgument, "Invalid imageRef provided"},
    {"nova quota", 403,
     R"({"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but already used 5 of 5 instances"}})",
     ErrorCode::ResourceExhausted,
     "Quota exceeded for instances: Requested 1, but already used 5 of 5 instances"},
    {"nova policy", 403, R"({"forbidden": {"code": 403, "message": "Policy doesn't allow it."}})",
     ErrorCode::PermissionDenied, "Policy doesn't allow it"},
    {"nova not found", 404,
     R"({"itemNotFound": {"code": 404, "message": "Instance x could not be found."}})",
     ErrorCode::NotFound, "Instance x could not be found"},
    {"nova conflict", 409,
     R"({"conflictingRequest": {"code": 409, "message": "Cannot 'reboot' while it is in task_state deleting"}})",
     ErrorCode::Conflict, "Cannot 'reboot' while it is in task_state deleting"},
    {"conflict about a server called quota", 409,
     R"({"conflictingRequest": {"message": "server quota-1 is busy"}})", ErrorCode::Conflict,
     "server quota-1 is busy"},
    {"nova over limit", 413, R"({"overLimit": {"code": 413, "message": "slow down"}})",
     ErrorCode::ResourceExhausted, "slow down"},
    {"proxy rate limit", 429, "Too Many Requests", ErrorCode::ResourceExhausted,
     "rate limit: the cloud asks to slow down: Too Many Requests"},
    {"nova crash", 500,
     R"({"computeFault": {"code": 500, "message": "Unexpected API Error. Please report this at x and attach the log.\n<class 'E'>"}})",
     ErrorCode::Unavailable, "HTTP 500: Unexpected API Error"},
    {"neutron quota", 409,
     R"({"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port'].", "detail": ""}})",
     ErrorCode::ResourceExhausted, "Quota exceeded for resources: ['port']"},
    {"neutron out of addresses", 409,
     R"({"NeutronError": {"type": "IpAddressGenerationFailure", "message": "No more IP addresses available on network n.", "detail": ""}})",
     ErrorCode::ResourceExhausted, "No more IP addresses available on network n"},
    {"neutron in use", 409,
     R"({"NeutronError": {"type": "PortInUse", "message": "Port p is in use."}})",
     ErrorCode::Conflict, "Port p is in use"},
    {"neutron error as text", 400, R"({"NeutronError": "Bad filter"})", ErrorCode::InvalidArgument,
     "Bad filter"},
    {"keystone", 401,
     R"({"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}})",
     ErrorCode::Unauthenticated, "The request you have made requires authentication"},
    {"html 502", 502,
     "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad "
     "Gateway</h1></body></html>",
     ErrorCode::Unavailable, "HTTP 502: 502 Bad Gateway"},
    {"html 503", 503, "<!DOCTYPE HTML><html><body><p>Service Unavailable</p></body></html>",
     ErrorCode::Unavailable, "HTTP 503: Service Unavailable"},
    {"empty 504", 504, "", ErrorCode::Unavailable, "HTTP 504"},
    {"empty 400", 400, "", ErrorCode::InvalidArgument, "HTTP 400"},
    {"json that is no object", 500, "[1, 2]", ErrorCode::Unavailable, "HTTP 500"},
    {"json without a message", 400, R"({"badRequest": {"message": 7}})", ErrorCode::InvalidArgument,
     "HTTP 400"},
    {"redirect", 302, "", ErrorCode::Unavailable, "HTTP 302"},
    {"too new a microversion", 406,
     R"({"computeFault": {"code": 406, "message": "Version 2.999 is not supported"}})",
     ErrorCode::Unavailable, "HTTP 406: Version 2.999 is not supported"},
    {"a proxy's 404", 404, "<html><body>no such page</body></html>", ErrorCode::Unavailable,
     "HTTP 404: no such page"},
    {"words that sound like ours", 503, "connect failed: upstream", ErrorCode::Unavailable,
     "HTTP 503: connect failed: upstream"},
    {"escapes", 400, "{\"badRequest\": {\"message\": \"a\\u001b[31mb\\u202ec\"}}",
     ErrorCode::InvalidArgument,
     "ab\xEF\xBF\xBD"
     "c"},
};

TEST(ErrorMapping, KeepsTheCloudsOwnWords) {
  for (const MappingCase& c : kCases) {
    SCOPED_TRACE(c.name);
    const Error error =
        error_from_response({.status = c.status, .body = c.body}, NotFoundForm::Json);
    EXPECT_EQ(to_string(error.code()), to_string(c.code));
    EXPECT_EQ(error.message(), c.message);
    EXPECT_EQ(certainly_not_done(error), c.code != ErrorCode::Unavailable);
  }
}

TEST(ErrorMapping, GlanceMaySayNotFoundInHtml) {
  const http::Response response{
      .status = 404,
      .body =
          "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>No image "
          "found with ID x<br /><br /></body></html>"};
  const Error error = error_from_response(response, NotFoundForm::Any);
  EXPECT_EQ(error.code(), ErrorCode::NotFound);
  EXPECT_EQ(error.message(), "No image found with ID x");
}

TEST(ErrorMapping, NamesTheRequestIfItsIdIsPlain) {
  http::Response response{.status = 400, .headers = {{"X-Openstack-Request-Id", "req-42"}}};
  EXPECT_EQ(error_from_response(response, NotFoundForm::Json).message(),
            "HTTP 400 (request req-42)");
  response.headers = {{"X-Openstack-Request-Id", "req 42\x1b[1m"}};
  EXPECT_EQ(error_from_response(response, NotFoundForm::Json).message(), "HTTP 400");
}

TEST(ErrorMapping, SurvivesAHugeBody) {
  const std::string page = "<html><title>" + std::string(4'000'000, '<') + "x";
  const Error error = error_from_response({.status = 502, .body = page}, NotFoundForm::Json);
  EXPECT_LE(error.message().size(), 400u);
}

TEST(TransportErrors, OnlyAFailedConnectIsCertain) {
  const Error refused(ErrorCode::Unavailable, "connect http://cloud:1: refused");
  EXPECT_EQ(error_from_transport(refused), refused);
  EXPECT_TRUE(certainly_not_done(in_context(refused, "create server")));

  const Error uncertain[] = {
      Error(ErrorCode::Unavailable, "connection reset by peer"),
      Error(ErrorCode::DeadlineExceeded, "connect and send took too long"),
      Error(ErrorCode::ResourceExhausted, "response body is larger than allowed"),
      Error(ErrorCode::Cancelled, "stopped"),
      Error(ErrorCode::Internal, "odd"),
  };
  for (const Error& error : uncertain) {
    SCOPED_TRACE(error.message());
    EXPECT_FALSE(certainly_not_done(error_from_transport(error)));
    EXPECT_FALSE(certainly_not_done(in_context(error_from_transport(error), "create server")));
  }
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  const WallTime now = *parse_time("1994-11-06T08:49:07Z");
  using std::chrono::seconds;
  EXPECT_EQ(parse_retry_after("7", now), seconds(7));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), seconds(3600));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), seconds(30));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1993 08:49:37 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", now), seconds(3600));
  for (const char* bad :
       {"", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "a b c d e f"}) {
    EXPECT_EQ(parse_retry_after(bad, now), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace clickdeploy::openstack
