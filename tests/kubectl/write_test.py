"""create, apply, replace, edit, patch, label, annotate, scale, delete, wait and diff."""

import json
import pathlib
import stat
import unittest

from kubectl_case import KubectlCase

CONFLICT = ("the object has been modified; please apply your changes to the latest version and try "
            "again")


class Create(KubectlCase):
    def test_manifests(self):
        self.assertEqual(self.good("create", "-f", "-", stdin=self.service()),
                         "service.clickdeploy.io/web created\n")
        again = self.bad("create", "-f", "-", stdin=self.service())
        self.assertEqual(again, 'Error from server (AlreadyExists): error when creating "STDIN": '
                                'services.clickdeploy.io "web" already exists\n')
        generated = self.service().replace("name: web\n", "generateName: gen-\n", 1)
        self.assertRegex(self.good("create", "-f", "-", stdin=generated),
                         r"^service.clickdeploy.io/gen-[a-z0-9]{5} created\n$")
        self.assertEqual(
            self.good("create", "--dry-run=server", "-f", "-", stdin=self.service("c2")),
            "service.clickdeploy.io/c2 created (server dry run)\n")
        self.bad("get", "csvc", "c2")
        self.assertEqual(self.good("create", "--save-config", "-f", "-", stdin=self.service("c3")),
                         "service.clickdeploy.io/c3 created\n")
        self.assertIn("last-applied-configuration", self.good("get", "csvc", "c3", "-o", "yaml"))

    def test_core_kinds_by_flags(self):
        self.assertEqual(self.good("create", "namespace", self.namespace + "x"),
                         f"namespace/{self.namespace}x created\n")
        self.assertEqual(self.good("create", "configmap", "c", "--from-literal=a=b"),
                         "configmap/c created\n")
        self.assertEqual(self.good("create", "secret", "generic", "s", "--from-literal=p=w"),
                         "secret/s created\n")
        self.assertEqual(self.good("get", "cm", "c", "-o", "jsonpath={.data.a}"), "b")
        self.assertEqual(self.good("get", "secret", "s", "-o", "jsonpath={.data.p} {.type}"),
                         "dw== Opaque")
        self.assertIn('secrets "s" already exists',
                      self.bad("create", "secret", "generic", "s", "--from-literal=p=w"))
        self.assertIn("(server dry run)", self.good("create", "configmap", "d", "--dry-run=server"))
        self.bad("get", "cm", "d")
        data = self.home / "data.bin"
        data.write_bytes(bytes(range(256)))
        self.good("create", "configmap", "binary", f"--from-file={data}")
        binary = json.loads(self.good("get", "cm", "binary", "-o", "json"))["binaryData"]
        self.assertEqual(len(binary["data.bin"]), 344)

    def test_unknown_and_wrong_fields(self):
        unknown = self.service().replace("replicas:", "replicsa:")
        words = self.bad("create", "-f", "-", stdin=unknown)
        self.assertIn("unknown field" if self.minor < 27 else
                      'strict decoding error: unknown field "spec.replicsa"', words)
        wrong = self.service(replicas=2000)
        self.assertIn('The Service "web" is invalid: spec.replicas: Invalid value: 2000: '
                      "spec.replicas in body should be less than or equal to 1000",
                      self.bad("create", "-f", "-", stdin=wrong))
        self.assertIn("a lowercase RFC 1123 subdomain must consist of",
                      self.bad("create", "-f", "-", stdin=self.service(name="E_1")))
        self.assertIn('namespaces "nosuch" not found',
                      self.bad("create", "-n", "nosuch", "-f", "-", stdin=self.service()))

    def test_a_number_among_texts_is_named(self):
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {port: 8080}\n"
        said = self.bad("create", "--validate=false", "-f", "-", stdin=text)
        self.assertEqual(said, 'Error from server (BadRequest): error when creating "STDIN": '
                               'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: '
                               "cannot unmarshal number into Go struct field ConfigMap.data of "
                               "type string\n")
        self.good("create", "configmap", "c", "--from-literal=a=1")
        said = self.bad("patch", "cm", "c", "-p", '{"data":{"port":8080}}')
        self.assertIn("map[data:map[port:8080]]", said)
        self.assertIn("cannot convert int64 to string", said)

    def test_a_type_that_does_not_fit_is_seen(self):
        text = self.service().replace("replicas: 2", "replicas: many")
        self.assertIn("replicas", self.bad("create", "-f", "-", stdin=text))


class Apply(KubectlCase):
    def test_created_configured_unchanged(self):
        self.assertEqual(self.apply(), "service.clickdeploy.io/web created\n")
        self.assertEqual(self.apply(), "service.clickdeploy.io/web unchanged\n")
        self.assertEqual(self.apply(replicas=3), "service.clickdeploy.io/web configured\n")
        self.assertEqual(self.value("web", ".spec.replicas"), "3")
        self.assertEqual(self.value("web", ".metadata.generation"), "2")
        without = self.service().replace("  replicas: 2\n", "")
        self.good("apply", "-f", "-", stdin=without)
        self.assertEqual(self.value("web", ".spec.replicas"), "1")

    def test_several_files_and_forms(self):
        a, b = self.file("a.yaml", self.service()), self.file("b.yaml", self.service("db"))
        self.assertEqual(self.good("apply", "-f", a, "-f", b),
                         "service.clickdeploy.io/web created\nservice.clickdeploy.io/db created\n")
        shown = self.good("apply", "-f", a, "-o", "yaml")
        self.assertTrue(shown.startswith("apiVersion: clickdeploy.io/v1alpha1\n"))
        self.assertIn("app: web", self.good("apply", "view-last-applied", "csvc/web"))
        self.assertEqual(self.good("apply", "--validate=false", "-f", a),
                         "service.clickdeploy.io/web unchanged\n")
        self.good("apply", "set-last-applied", "-f", a)
        self.good("apply", "--force", "-f", a)

    def test_dry_runs(self):
        dry = self.good("apply", "--dry-run=server", "-f", "-", stdin=self.service())
        self.assertEqual(dry, "service.clickdeploy.io/web created (server dry run)\n")
        self.bad("get", "csvc", "web")
        self.apply()
        dry = self.good("apply", "--dry-run=server", "-f", "-", stdin=self.service(replicas=5))
        self.assertEqual(dry, "service.clickdeploy.io/web configured (server dry run)\n")
        self.assertEqual(self.value("web", ".spec.replicas"), "2")
        self.assertIn("(dry run)", self.good("apply", "--dry-run=client", "-f", "-",
                                             stdin=self.service(replicas=5)))

    def test_warnings(self):
        if self.minor < 25:
            return  # --validate was true or false
        text = self.service().replace("  replicas:", "  bogus: 1\n  replicas:")
        run = self.kubectl("apply", "--validate=warn", "-f", "-", stdin=text)
        self.assertEqual((run.code, run.err), (0, 'Warning: unknown field "spec.bogus"\n'))

    def test_kustomization(self):
        folder = self.home / f"kz-{self.namespace}"
        folder.mkdir()
        (folder / "web.yaml").write_text(self.service("one"))
        (folder / "kustomization.yaml").write_text(
            f"namePrefix: kz-\nnamespace: {self.namespace}\nresources: [web.yaml]\n")
        self.assertEqual(self.good("apply", "-k", folder), "service.clickdeploy.io/kz-one created\n")
        self.assertEqual(self.good("delete", "-k", folder),
                         'service.clickdeploy.io "kz-one" deleted\n')

    def prune(self, *words):
        allow = "--prune-allowlist" if self.minor >= 26 else "--prune-whitelist"
        return self.good("apply", "-f", self.home / f"set-{self.namespace}", "--prune", "-l",
                         "app=web", f"{allow}=clickdeploy.io/v1alpha1/Service", *words)

    def test_prune_by_label(self):
        folder = self.home / f"set-{self.namespace}"
        folder.mkdir()
        (folder / "p1.yaml").write_text(self.service("p1"))
        (folder / "p2.yaml").write_text(self.service("p2"))
        self.prune()
        (folder / "p2.yaml").unlink()
        self.assertEqual(self.prune(), "service.clickdeploy.io/p1 unchanged\n"
                                       "service.clickdeploy.io/p2 pruned\n")
        self.assertEqual(self.good("get", "csvc", "-o", "name"), "service.clickdeploy.io/p1\n")

    def apply_set(self, *words):
        return self.good("apply", "-n", self.namespace, "-f", self.home / f"set-{self.namespace}",
                         "--prune", *words, KUBECTL_APPLYSET="true")

    def test_prune_by_set(self):
        if self.minor < 27:
            return  # sets are newer
        folder = self.home / f"set-{self.namespace}"
        folder.mkdir()
        (folder / "p1.yaml").write_text(self.service("p1"))
        (folder / "p2.yaml").write_text(self.service("p2"))
        self.assertEqual(self.apply_set("--applyset=set1"), "service.clickdeploy.io/p1 created\n"
                                                            "service.clickdeploy.io/p2 created\n")
        kinds = "Service.clickdeploy.io" if self.minor >= 29 else "services.clickdeploy.io"
        self.assertIn(kinds, self.good("get", "secret", "set1", "-o", "yaml"))
        (folder / "p2.yaml").unlink()
        self.assertEqual(self.apply_set("--applyset=set1"), "service.clickdeploy.io/p1 unchanged\n"
                                                            "service.clickdeploy.io/p2 pruned\n")

    def test_definitions_of_ours_may_come_along(self):
        crds = str(pathlib.Path(__file__).parents[2] / "crds")
        name = "customresourcedefinition.apiextensions.k8s.io/services.clickdeploy.io"
        self.assertIn(f"{name} configured\n", self.good("apply", "-f", crds))
        self.assertIn(f"{name} serverside-applied\n",
                      self.good("apply", "--server-side", "-f", crds))

    def test_core_kinds(self):
        text = (f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {self.namespace}-team}}\n---\n"
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                "stringData: {password: hunter2}\n---\n"
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1', b: '2'}\n"
                "---\napiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\n"
                "spec: {holderIdentity: me, leaseDurationSeconds: 15, "
                "renewTime: '2026-11-22T00:00:00.000001Z'}\n")
        self.assertEqual(self.good("apply", "-f", "-", stdin=text),
                         f"namespace/{self.namespace}-team created\nsecret/s created\n"
                         "configmap/c created\nlease.coordination.k8s.io/l created\n")
        self.good("apply", "-f", "-", stdin=text)
        self.assertNotIn("hunter2", self.good("get", "secret", "s", "-o", "yaml"))
        self.good("apply", "-f", "-", stdin=text.replace(", b: '2'", ""))
        self.assertEqual(self.good("get", "cm", "c", "-o", "jsonpath={.data}"), '{"a":"1"}')
        self.assertEqual(self.columns(self.good("get", "lease"))[1][:2], ["l", "me"])

    def test_diff(self):
        self.apply()
        same = self.kubectl("diff", "-f", "-", stdin=self.service())
        self.assertEqual((same.code, same.out), (0, ""), same)
        changed = self.kubectl("diff", "-f", "-", stdin=self.service(replicas=9))
        self.assertEqual(changed.code, 1, changed)
        self.assertIn("-  replicas: 2\n", changed.out)
        self.assertIn("+  replicas: 9\n", changed.out)
        self.assertEqual(self.value("web", ".spec.replicas"), "2")
        new = self.kubectl("diff", "-f", "-", stdin=self.service("new"))
        self.assertEqual(new.code, 1, new)
        self.assertIn("+  name: new\n", new.out)


class Change(KubectlCase):
    def setUp(self):
        super().setUp()
        self.apply()

    def test_replace(self):
        self.assertEqual(self.good("replace", "-f", "-", stdin=self.service(replicas=4)),
                         "service.clickdeploy.io/web replaced\n")
        self.assertEqual(self.value("web", ".spec.replicas"), "4")
        file = self.file("web.yaml", self.service(replicas=5))
        self.assertEqual(self.good("replace", "--force", "-f", file),
                         'service.clickdeploy.io "web" deleted\n'
                         "service.clickdeploy.io/web replaced\n")
        self.assertEqual(self.bad("replace", "-f", "-", stdin=self.service("nope")),
                         'Error from server (NotFound): error when replacing "STDIN": '
                         'services.clickdeploy.io "nope" not found\n')
        stale = self.service().replace("name: web\n", "name: web\n  resourceVersion: '1'\n", 1)
        self.assertIn(CONFLICT, self.bad("replace", "-f", "-", stdin=stale))

    def patch(self, *words):
        return self.good("patch", "csvc", "web", *words)

    def test_patch(self):
        patched = "service.clickdeploy.io/web patched\n"
        merge = ["--type=merge", "-p"]
        self.assertEqual(self.patch(*merge, '{"spec":{"replicas":4}}'), patched)
        self.assertEqual(self.patch(*merge, '{"spec":{"replicas":4}}'),
                         "service.clickdeploy.io/web patched (no change)\n")
        self.assertEqual(
            self.patch("--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":6},'
                                            '{"op":"test","path":"/spec/replicas","value":6}]'),
            patched)
        refused = "The request is invalid"
        for patch in ['[{"op":"test","path":"/spec/replicas","value":1}]',
                      '[{"op":"remove","path":"/spec/nothere"}]']:
            self.assertIn(refused, self.bad("patch", "csvc", "web", "--type=json", "-p", patch))
        self.assertEqual(self.patch(*merge, '{"status":{"observedGeneration":99}}'),
                         "service.clickdeploy.io/web patched (no change)\n")
        self.assertEqual(self.value("web", ".spec.replicas"), "6")

    def test_patch_by_strategic_merge(self):
        words = self.bad("patch", "csvc", "web", "-p", '{"spec":{"replicas":4}}')
        self.assertIn("is not supported by clickdeploy.io/v1alpha1, Kind=Service"
                      if self.minor >= 27 else "UnsupportedMediaType", words)
        self.good("create", "configmap", "c", "--from-literal=a=1")
        self.assertEqual(self.good("patch", "cm", "c", "-p", '{"data":{"b":"2"}}'),
                         "configmap/c patched\n")
        self.assertEqual(self.good("get", "cm", "c", "-o", "jsonpath={.data.a}{.data.b}"), "12")

    def test_patch_of_status(self):
        if self.minor < 24:
            return  # --subresource is newer
        status = ["--subresource=status", "--type=merge", "-p"]
        self.assertEqual(self.patch(*status, '{"status":{"observedGeneration":1}}'),
                         "service.clickdeploy.io/web patched\n")
        self.assertEqual(self.patch(*status, '{"spec":{"replicas":1}}'),
                         "service.clickdeploy.io/web patched (no change)\n")
        self.assertEqual(self.value("web", ".metadata.generation"), "1")

    def editor(self, script):
        path = self.home / f"editor-{self.namespace}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def test_edit(self):
        edited = self.kubectl("edit", "csvc", "web",
                              EDITOR=self.editor("sed -i 's/replicas: 2/replicas: 8/' \"$1\""))
        self.assertEqual((edited.code, edited.out), (0, "service.clickdeploy.io/web edited\n"))
        self.assertEqual(self.value("web", ".spec.replicas"), "8")
        none = self.kubectl("edit", "csvc", "web", EDITOR=self.editor("true"))
        self.assertEqual((none.code, none.err), (0, "Edit cancelled, no changes made.\n"))
        # The first time it is refused; the second the editor changes nothing more.
        wrong = self.kubectl("edit", "csvc", "web",
                             EDITOR=self.editor("sed -i 's/replicas: 8$/replicas: 8000/' \"$1\""))
        self.assertEqual(wrong.code, 1, wrong)
        self.assertIn('services.clickdeploy.io "web" is invalid', wrong.err)
        self.assertEqual(self.value("web", ".spec.replicas"), "8")

    def test_label(self):
        labeled = "service.clickdeploy.io/web labeled\n"
        self.assertEqual(self.good("label", "csvc", "web", "tier=front"), labeled)
        self.assertEqual(self.bad("label", "csvc", "web", "tier=back"),
                         "error: 'tier' already has a value (front), and --overwrite is false\n")
        self.assertEqual(self.good("label", "--overwrite", "csvc", "web", "tier=back"), labeled)
        self.good("label", "csvc", "web", "tier-")
        self.assertEqual(self.good("label", "csvc", "web", "--list"), "app=web\n")
        self.assertIn("a valid label must be", self.bad("label", "csvc", "web", "tier=a b"))
        self.assertIn(CONFLICT, self.bad("label", "csvc", "web", "--resource-version=1", "q=r"))
        self.apply("two")
        self.assertEqual(self.good("label", "csvc", "-l", "app=web", "tier=x"),
                         "service.clickdeploy.io/two labeled\n" + labeled)

    def test_annotate(self):
        word = "annotate" if self.minor == 27 else "annotated"
        annotated = f"service.clickdeploy.io/web {word}\n"
        self.assertEqual(self.good("annotate", "csvc", "web", "note=hello world"), annotated)
        self.assertEqual(self.value("web", ".metadata.annotations.note"), "hello world")
        self.assertEqual(self.good("annotate", "csvc", "web", "note-"), annotated)
        self.good("annotate", "ns", self.namespace, "note=x")

    def test_scale(self):
        scaled = "service.clickdeploy.io/web scaled\n"
        self.assertEqual(self.good("scale", "csvc", "web", "--replicas=3"), scaled)
        self.assertEqual(self.good("scale", "csvc", "web", "--replicas=4", "--current-replicas=3"),
                         scaled)
        self.assertIn("xpected replicas to be 9, was 4",
                      self.bad("scale", "csvc", "web", "--replicas=5", "--current-replicas=9"))
        self.assertEqual(self.bad("scale", "csvc", "web", "--replicas=4000"),
                         'The Service "web" is invalid: spec.replicas: Invalid value: 4000: '
                         "spec.replicas in body should be less than or equal to 1000\n")
        self.assertIn("no objects passed to scale" if 27 <= self.minor < 32 else
                      'services.clickdeploy.io "nope" not found',
                      self.bad("scale", "csvc", "nope", "--replicas=4"))

    def test_commands_for_workloads_are_refused(self):
        for words in [["rollout", "status", "csvc/web"], ["rollout", "restart", "csvc/web"],
                      ["rollout", "history", "csvc/web"], ["logs", "csvc/web"],
                      ["expose", "csvc/web", "--port=1"], ["set", "image", "csvc/web", "a=b"]]:
            refusal = self.bad(*words)
            self.assertRegex(refusal, 'no kind "Service" is registered|'
                                      "cannot|not supported|unable", words)


class Delete(KubectlCase):
    def test_one(self):
        self.apply()
        self.assertEqual(self.good("delete", "csvc", "web"),
                         'service.clickdeploy.io "web" deleted\n')
        self.assertEqual(self.bad("delete", "csvc", "web"),
                         'Error from server (NotFound): services.clickdeploy.io "web" not found\n')
        self.assertEqual(self.good("delete", "csvc", "web", "--ignore-not-found"), "")
        for words in [["--wait=false"], ["--now"], ["--grace-period=0", "--force"]]:
            self.apply()
            self.assertIn('"web"', self.good("delete", "csvc", "web", *words))
        self.apply()
        self.assertEqual(self.good("delete", "csvc", "web", "--dry-run=server"),
                         'service.clickdeploy.io "web" deleted (server dry run)\n')
        self.assertEqual(self.good("delete", "-f", "-", stdin=self.service()),
                         'service.clickdeploy.io "web" deleted\n')

    def test_several(self):
        for name in ["a", "b", "c"]:
            self.apply(name, app="one" if name != "c" else "two")
        self.assertEqual(self.good("delete", "csvc", "-l", "app=one"),
                         'service.clickdeploy.io "a" deleted\nservice.clickdeploy.io "b" deleted\n')
        self.assertEqual(self.good("delete", "csvc", "--all"),
                         'service.clickdeploy.io "c" deleted\n')

    def child(self, name, owner):
        uid = self.value(owner, ".metadata.uid")
        text = self.service(name).replace(
            "metadata:\n", "metadata:\n  ownerReferences: [{apiVersion: clickdeploy.io/v1alpha1, "
            f"kind: Service, name: {owner}, uid: {uid}, blockOwnerDeletion: true}}]\n", 1)
        self.good("create", "-f", "-", stdin=text)

    def names(self):
        return self.good("get", "csvc", "-o", "jsonpath={.items[*].metadata.name}")

    def test_cascades(self):
        self.apply("owner")
        self.child("child", "owner")
        self.good("delete", "csvc", "owner", "--cascade=foreground")
        self.assertEqual(self.names(), "")

        self.apply("owner")
        self.child("child", "owner")
        self.good("delete", "csvc", "owner", "--cascade=orphan")
        self.assertEqual(self.names(), "child")
        self.assertEqual(self.value("child", ".metadata.ownerReferences"), "")

        self.apply("owner")
        self.child("second", "owner")
        self.good("delete", "csvc", "owner", "--cascade=background")
        self.until(lambda: self.names() == "child", "the child to go")

    def test_finalizers_hold(self):
        self.apply()
        self.good("patch", "csvc", "web", "--type=merge", "-p",
                  '{"metadata":{"finalizers":["clickdeploy.io/test"]}}')
        held = self.kubectl("delete", "csvc", "web", "--timeout=1s")
        self.assertEqual(held.code, 1, held)
        self.assertIn("timed out waiting for the condition on services/web", held.err)
        self.assertNotEqual(self.value("web", ".metadata.deletionTimestamp"), "")
        process, log = self.start_watching("wait", "--for=delete", "csvc/web", "--timeout=60s")
        self.good("patch", "csvc", "web", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        self.assertEqual(process.wait(timeout=60), 0, log.read_text())

    def test_a_namespace_tells_what_keeps_it(self):
        self.apply()
        finalizers = '{"metadata":{"finalizers":%s}}'
        self.good("patch", "csvc", "web", "--type=merge", "-p", finalizers % '["a.io/x"]')
        self.good("delete", "ns", self.namespace, "--wait=false")
        self.until(lambda: "finalizers remaining: a.io/x" in
                   self.good("get", "ns", self.namespace, "-o", "yaml"), "the condition")
        if self.minor >= 24:  # older ones describe less
            self.assertIn("SomeFinalizersRemain", self.good("describe", "ns", self.namespace))
        self.good("patch", "csvc", "web", "--type=merge", "-p", finalizers % "null")
        self.until(lambda: self.kubectl("get", "ns", self.namespace).code == 1, "its end")

    def test_namespaces_take_their_content_along(self):
        self.apply()
        self.good("create", "configmap", "c")
        self.assertEqual(self.good("delete", "ns", self.namespace, "--timeout=60s"),
                         f'namespace "{self.namespace}" deleted\n')
        self.assertEqual(self.names(), "")


class Wait(KubectlCase):
    def setUp(self):
        super().setUp()
        self.apply()

    def wait(self, *words):
        return self.good("wait", "csvc/web", "--timeout=60s", *words)

    met = "service.clickdeploy.io/web condition met\n"

    def test_condition_that_comes(self):
        process, log = self.start_watching("wait", "--for=condition=Ready", "csvc/web",
                                           "--timeout=60s")
        self.set_ready("web", "False")
        self.set_ready("web")
        self.assertEqual(process.wait(timeout=60), 0, log.read_text())
        self.assertEqual(log.read_text(), self.met)
        self.assertEqual(self.wait("--for=condition=Ready"), self.met)
        self.assertIn("timed out waiting for the condition on services/web",
                      self.bad("wait", "--for=condition=Ready=false", "csvc/web", "--timeout=1s"))

    def test_condition_of_an_older_generation_does_not_count(self):
        if self.minor < 23:
            return  # it did not look
        self.set_ready("web")
        self.good("scale", "csvc", "web", "--replicas=3")
        self.assertIn("timed out", self.bad("wait", "--for=condition=Ready", "csvc/web",
                                            "--timeout=1s"))

    def test_json_path(self):
        if self.minor < 23:
            return  # the form is newer
        self.set_ready("web")
        self.assertEqual(self.wait("--for=jsonpath={.status.observedGeneration}=1"), self.met)
        if self.minor >= 31:
            self.assertEqual(self.wait("--for=jsonpath={.status.conditions}"), self.met)

    def test_creation(self):
        if self.minor < 31:
            return  # the form is newer
        process, log = self.start("wait", "--for=create", "csvc/late", "--timeout=60s")
        self.apply("late")
        self.assertEqual(process.wait(timeout=60), 0, log.read_text())

    def test_deletion(self):
        self.good("delete", "csvc", "web")
        if self.minor >= 23:  # what is not there was an error
            self.good("wait", "--for=delete", "csvc/web", "--timeout=60s")
        self.assertIn('services.clickdeploy.io "web" not found',
                      self.bad("wait", "--for=condition=Ready", "csvc/web", "--timeout=1s"))


if __name__ == "__main__":
    unittest.main()
