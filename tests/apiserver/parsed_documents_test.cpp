// The objects that are kept parsed are those that are stored.

#include "controller/apiserver/parsed_documents_internal.h"
#include "tests/apiserver/server_fixture.h"

#include <gtest/gtest.h>

namespace clickdeploy::apiserver {
namespace {

store::Document document_of(const std::string& name, store::Revision revision) {
  store::Document document;
  document.key = {"configmaps", "default", name};
  document.revision = revision;
  document.bytes = to_json(Json::object(
      {{"metadata", Json::object({{"name", name}, {"resourceVersion", std::to_string(revision)}})},
       {"text", "stored"}}));
  return document;
}

// Tells what was kept from what was parsed: the texts differ.
Json written(const std::string& name) {
  return Json::object({{"metadata", Json::object({{"name", name}})}, {"text", "kept"}});
}

std::string text_of(ParsedDocuments& parsed, const store::Document& document) {
  return parsed.read(document)["text"].as_string();
}

TEST(ParsedDocuments, WhatWasWrittenIsKeptWithItsVersion) {
  ParsedDocuments parsed(1'000);
  EXPECT_EQ(text_of(parsed, document_of("a", 1)), "stored");
  parsed.add(document_of("a", 2), written("a"));
  const Json kept = parsed.read(document_of("a", 2));
  EXPECT_EQ(kept["text"].as_string(), "kept");
  EXPECT_EQ(kept["metadata"]["resourceVersion"].as_string(), "2");
  parsed.forget(document_of("a", 2).key);
  EXPECT_EQ(text_of(parsed, document_of("a", 2)), "stored");
}

TEST(ParsedDocuments, AnotherRevisionIsParsed) {
  ParsedDocuments parsed(1'000);
  parsed.add(document_of("a", 5), written("a"));
  EXPECT_EQ(text_of(parsed, document_of("a", 4)), "stored");
  EXPECT_EQ(text_of(parsed, document_of("a", 5)), "kept") << "an older one takes no place";
  EXPECT_EQ(text_of(parsed, document_of("a", 6)), "stored");
}

TEST(ParsedDocuments, AReaderThatChangesItsCopyChangesNothingElse) {
  ParsedDocuments parsed(1'000);
  parsed.add(document_of("a", 1), written("a"));
  Json copy = parsed.read(document_of("a", 1));
  copy.member("metadata").member("labels").set("x", "y");
  EXPECT_FALSE(parsed.read(document_of("a", 1))["metadata"].contains("labels"));
}

TEST(ParsedDocuments, TheOnesUsedLongestAgoMakeRoom) {
  const std::size_t size = document_of("a", 1).bytes.size();
  ParsedDocuments parsed(3 * size);
  for (const char* name : {"a", "b", "c"}) parsed.add(document_of(name, 1), written(name));
  EXPECT_EQ(text_of(parsed, document_of("a", 1)), "kept");
  parsed.add(document_of("d", 1), written("d"));
  for (const char* name : {"a", "c", "d"}) {
    EXPECT_EQ(text_of(parsed, document_of(name, 1)), "kept") << name;
  }
  EXPECT_EQ(text_of(parsed, document_of("b", 1)), "stored");
  ParsedDocuments none(size - 1);
  none.add(document_of("a", 1), written("a"));
  EXPECT_EQ(text_of(none, document_of("a", 1)), "stored");
}

class WriteAfterWrite : public ServerTest {};

TEST_F(WriteAfterWrite, ADryRunLeavesNoTrace) {
  const std::string url = std::string(kServices) + "/web";
  const Answered made = post(std::string(kServices), service("web", 2));
  ASSERT_EQ(made.status, 201) << made.text;
  const Answered imagined =
      merge(url + "?dryRun=All", parse_json(R"({"spec":{"replicas":9}})").value());
  EXPECT_EQ(imagined.body["spec"]["replicas"].as_int(), 9);
  const Answered labelled = merge(url, parse_json(R"({"metadata":{"labels":{"a":"b"}}})").value());
  EXPECT_EQ(labelled.body["spec"]["replicas"].as_int(), 2);
  EXPECT_EQ(get(url).body, labelled.body);
}

TEST_F(WriteAfterWrite, AnObjectOfTheSameNameIsNotTheOneThatWasDeleted) {
  const std::string url = std::string(kServices) + "/web";
  ASSERT_EQ(post(std::string(kServices), service("web", 2)).status, 201);
  ASSERT_EQ(merge(url, parse_json(R"({"metadata":{"labels":{"a":"b"}}})").value()).status, 200);
  ASSERT_EQ(remove(url).status, 200);
  const Answered again = post(std::string(kServices), service("web", 3));
  ASSERT_EQ(again.status, 201) << again.text;
  const Answered changed = merge(url, parse_json(R"({"spec":{"replicas":4}})").value());
  EXPECT_EQ(changed.body["metadata"]["uid"], again.body["metadata"]["uid"]);
  EXPECT_FALSE(changed.body["metadata"].contains("labels"));
}

}  // namespace
}  // namespace clickdeploy::apiserver
