"""get in all its forms, describe, events, explain, discovery and health."""

import json
import unittest

from kubectl_case import KubectlCase


class Get(KubectlCase):
    def setUp(self):
        super().setUp()
        self.apply("web", 2, "web")
        self.apply("db", 1, "db")

    def names(self, *words):
        return [line[0] for line in self.columns(self.good("get", "csvc", *words))[1:]]

    def test_tables(self):
        head, *rows = self.columns(self.good("get", "csvc"))
        self.assertEqual(head, ["NAME", "DESIRED", "READY", "MONITORED", "UPTODATE", "STATUS",
                                "POLICY", "CLOUD", "AGE"])
        self.assertEqual([row[:2] for row in rows], [["db", "1"], ["web", "2"]])
        self.assertEqual(self.good("get", "services.v1alpha1.clickdeploy.io").split("\n")[0].split(),
                         head)
        self.assertIn("web", self.good("get", "clickdeploy"))
        everywhere = self.columns(self.good("get", "csvc", "-A"))
        self.assertEqual(everywhere[0][0], "NAMESPACE")
        self.assertIn([self.namespace, "web"], [row[:2] for row in everywhere])
        labels = self.good("get", "csvc", "-L", "app", "--show-labels").splitlines()
        self.assertRegex(labels[0], r"AGE +APP +LABELS$")
        self.assertRegex(labels[2], r"web +app=web$")

    def test_forms(self):
        self.assertEqual(self.good("get", "csvc", "-o", "name"),
                         "service.clickdeploy.io/db\nservice.clickdeploy.io/web\n")
        self.assertEqual(self.good("get", "csvc", "web", "-o", "jsonpath={.spec.replicas}"), "2")
        self.assertEqual(
            self.columns(self.good("get", "csvc", "-o",
                                   "custom-columns=N:.metadata.name,R:.spec.replicas")),
            [["N", "R"], ["db", "1"], ["web", "2"]])
        many = json.loads(self.good("get", "csvc", "-o", "json"))
        self.assertEqual((many["kind"], len(many["items"])), ("List", 2))
        one = self.good("get", "csvc", "web", "-o", "yaml")
        self.assertTrue(one.startswith("apiVersion: clickdeploy.io/v1alpha1\nkind: Service\n"))
        self.assertIn("\n  replicas: 2\n", one)
        self.assertEqual(self.columns(self.good("get", "csvc", "--server-print=false"))[0],
                         ["NAME", "AGE"])

    def test_selections(self):
        self.assertEqual(self.names("web", "db"), ["web", "db"])
        self.assertEqual(self.names("-l", "app=web"), ["web"])
        self.assertEqual(self.names("-l", "app in (web,db),!gone"), ["db", "web"])
        self.assertEqual(self.names("--field-selector", "metadata.name=web"), ["web"])
        self.assertEqual(self.names("--field-selector", "metadata.name!=web"), ["db"])
        self.assertEqual(self.names("--sort-by=.spec.replicas"), ["db", "web"])
        self.assertEqual(self.names("--chunk-size=1"), ["db", "web"])
        self.assertEqual(self.names("--chunk-size=0"), ["db", "web"])
        self.assertIn("field label not supported: spec.image",
                      self.bad("get", "csvc", "--field-selector", "spec.image=x"))
        self.assertIn("unable to parse requirement", self.bad("get", "csvc", "-l", "a b"))

    def test_what_is_not_there(self):
        self.assertEqual(self.bad("get", "csvc", "nope"),
                         'Error from server (NotFound): services.clickdeploy.io "nope" not found\n')
        self.assertEqual(self.good("get", "csvc", "nope", "--ignore-not-found"), "")
        none = self.kubectl("get", "csvc", "-n", "nosuch")
        self.assertEqual((none.code, none.err), (0, "No resources found in nosuch namespace.\n"))
        self.assertIn('the server doesn\'t have a resource type "gadgets"',
                      self.bad("get", "gadgets"))

    def test_subresources(self):
        if self.minor < 24:
            return  # --subresource is newer
        self.assertEqual(self.columns(self.good("get", "csvc", "web", "--subresource=status"))[1][0],
                         "web")
        scale = self.good("get", "csvc", "web", "--subresource=scale", "-o", "yaml")
        self.assertTrue(scale.startswith("apiVersion: autoscaling/v1\nkind: Scale\n"))

    def test_raw(self):
        self.assertEqual(json.loads(self.good("get", "--raw", self.services("/web")))["kind"],
                         "Service")
        for path in ["/healthz", "/livez", "/readyz", "/readyz/ping"]:
            self.assertEqual(self.good("get", "--raw", path), "ok")
        self.assertTrue(self.good("get", "--raw", "/readyz?verbose").endswith(
            "readyz check passed\n"))

    def test_watches(self):
        process, log = self.start("get", "csvc", "-w")
        self.until(lambda: "web" in log.read_text(), "the first table")
        self.good("scale", "csvc", "web", "--replicas=19")
        self.until(lambda: ["web", "19"] in [row[:2] for row in self.columns(log.read_text())],
                   "the change")
        self.assertEqual(log.read_text().count("NAME"), 1)
        self.assertIsNone(process.poll())

    def test_watches_one_as_json(self):
        _, log = self.start("get", "csvc", "web", "-w", "-o", "jsonpath={.spec.replicas}{'\\n'}")
        self.until(lambda: log.read_text() == "2\n", "the first state")
        self.good("scale", "csvc", "web", "--replicas=7")
        self.until(lambda: log.read_text().startswith("2\n7\n"), "the change")


class Describe(KubectlCase):
    def event(self, name, **fields):
        uid = self.value("web", ".metadata.uid")
        self.request("POST", f"/api/v1/namespaces/{self.namespace}/events", {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name},
            "involvedObject": {"apiVersion": "clickdeploy.io/v1alpha1", "kind": "Service",
                               "namespace": self.namespace, "name": "web", "uid": uid},
            **fields})

    def setUp(self):
        super().setUp()
        self.apply()
        self.event("web.1", reason="Deployed", message="version 1 is up", type="Normal", count=3,
                   source={"component": "controller"}, firstTimestamp="2026-01-02T03:04:05Z",
                   lastTimestamp="2026-01-02T03:05:05Z")
        self.event("web.2", reason="Scaled", message="now 3 copies", type="Warning",
                   eventTime="2026-01-02T03:04:05.123456Z", action="Scaling",
                   reportingComponent="clickdeploy.io/controller", reportingInstance="c-0",
                   series={"count": 4, "lastObservedTime": "2026-01-02T03:05:05.000000Z"})

    def test_describe(self):
        text = self.good("describe", "csvc", "web")
        self.assertRegex(text, r"Name: +web\n")
        self.assertRegex(text, rf"Namespace: +{self.namespace}\n")
        self.assertRegex(text, r"Normal +Deployed .*version 1 is up")
        self.assertRegex(text, r"Warning +Scaled .*now 3 copies")
        self.assertIn("web", self.good("describe", "csvc", "we"))

    def test_get_events(self):
        head, *rows = self.columns(self.good("get", "events"))
        self.assertEqual(head, ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"])
        self.assertEqual(sorted(row[1:4] for row in rows), [["Normal", "Deployed", "service/web"],
                                                            ["Warning", "Scaled", "service/web"]])
        wide = self.good("get", "events", "--sort-by=.lastTimestamp", "-o", "wide")
        self.assertIn("clickdeploy.io/controller, c-0", wide)
        one = self.good("get", "events", "--field-selector",
                        "involvedObject.name=web,reason=Deployed")
        self.assertEqual(len(one.splitlines()), 2)

    def test_events(self):
        if self.minor < 26:
            return  # the command is newer
        self.assertIn("Service/web", self.good("events"))
        self.assertEqual(len(self.good("events", "--for", "csvc/web").splitlines()), 3)
        warnings = self.good("events", "--types=Warning")
        self.assertIn("Scaled", warnings)
        self.assertNotIn("Deployed", warnings)

    def test_both_groups_show_the_same_events(self):
        path = f"jsonpath={{range .items[*]}}{{.metadata.name}} {{.note}} {{.series.count}}{{'\\n'}}"
        self.assertEqual(
            self.good("get", "events.v1.events.k8s.io", "-o", path + "{end}"),
            "web.1 version 1 is up \nweb.2 now 3 copies 4\n")
        self.assertIn("LAST SEEN", self.good("get", "events.events.k8s.io"))


class Discovery(KubectlCase):
    def test_resources(self):
        text = self.good("api-resources")
        for words in [["services", "csvc", "clickdeploy.io/v1alpha1", "true", "Service"],
                      ["namespaces", "ns", "v1", "false", "Namespace"],
                      ["leases", "coordination.k8s.io/v1", "true", "Lease"]]:
            self.assertIn(words, self.columns(text))
        wide = self.good("api-resources", "--api-group=clickdeploy.io", "-o", "wide")
        self.assertIn("deletecollection", wide)
        if self.minor >= 22:
            self.assertIn("csvc", self.good("api-resources", "--categories=clickdeploy"))
        self.assertIn("services.clickdeploy.io",
                      self.good("api-resources", "-o", "name", "--namespaced=true"))
        versions = self.good("api-versions").split()
        for version in ["v1", "clickdeploy.io/v1alpha1", "events.k8s.io/v1",
                        "apiextensions.k8s.io/v1"]:
            self.assertIn(version, versions)

    def test_version(self):
        version = json.loads(self.good("version", "-o", "json"))
        self.assertRegex(version["serverVersion"]["gitVersion"], r"^v1\.32\.")

    def test_definitions(self):
        crds = self.good("get", "crd")
        self.assertEqual(self.columns(crds)[0], ["NAME", "CREATED", "AT"])
        self.assertIn("services.clickdeploy.io", crds)
        self.assertEqual(
            self.good("wait", "--for", "condition=Established", "crd/services.clickdeploy.io"),
            "customresourcedefinition.apiextensions.k8s.io/services.clickdeploy.io condition met\n")
        self.assertRegex(self.good("get", "apiservices"), r"v1alpha1\.clickdeploy\.io +Local +True")
        self.assertIn("the kinds of this server are built in",
                      self.bad("delete", "crd", "services.clickdeploy.io"))

    def explained(self, *path):
        return self.good("explain", ".".join(path))

    def test_explains_every_kind(self):
        names = self.good("api-resources", "-o", "name", "--verbs=list").split()
        self.assertGreater(len(names), 10)
        for name in names:
            self.assertIn("DESCRIPTION", self.good("explain", name.split(".")[0]), name)

    def test_explains_fields(self):
        self.assertIn("Networks that each server", self.explained("csvc", "spec", "template",
                                                                  "spec", "networks"))
        self.assertIn("<integer>", self.explained("csvc", "spec", "replicas"))
        self.assertIn("API version of the owner",
                      self.explained("cm", "metadata", "ownerReferences"))
        self.assertIn('field "nothing" does not exist', self.bad("explain", "csvc.spec.nothing"))
        every = self.good("explain", "csvc", "--recursive")
        for field in ["maxSurge", "securityGroups", "observedGeneration", "ownerReferences"]:
            self.assertIn(field, every)

    def test_rights(self):
        self.assertEqual(self.good("auth", "can-i", "create", "csvc"), "yes\n")
        self.assertEqual(self.good("auth", "can-i", "update", "csvc/web", "--subresource=status"),
                         "yes\n")
        self.assertEqual(self.good("auth", "can-i", "get", "/healthz"), "yes\n")
        self.assertIn("*.*", self.good("auth", "can-i", "--list"))
        if self.minor >= 27:
            self.assertIn("system:anonymous", self.good("auth", "whoami"))
            self.assertRegex(self.good("auth", "whoami", "--as=ann", "--as-group=dev"),
                             r"Username +ann\nGroups +\[dev system:authenticated\]")

    def test_cluster_info(self):
        self.assertIn(self.url, self.good("cluster-info"))

    def test_what_other_servers_have(self):
        self.assertIn("Metrics API not available", self.bad("top", "nodes"))
        self.assertIn("the server doesn't have a resource type",
                      self.bad("get", "pods"))


if __name__ == "__main__":
    unittest.main()
