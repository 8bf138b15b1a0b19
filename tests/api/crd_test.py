"""The definitions in crds/ are what a real API server would take; and the checks bite."""

import copy
import pathlib
import unittest

import yaml

from crd_checks import at_path, problems

ROOT = pathlib.Path(__file__).resolve().parents[2]


def definitions():
    return {path.stem: yaml.safe_load(path.read_text())
            for path in sorted((ROOT / "crds").glob("*.yaml"))}


class Definitions(unittest.TestCase):
    def test_all_are_taken(self):
        found = definitions()
        self.assertGreaterEqual(len(found), 5)
        for name, definition in found.items():
            with self.subTest(name):
                self.assertEqual(problems(definition), [])


class Checks(unittest.TestCase):
    """One break each."""

    def setUp(self):
        self.definition = copy.deepcopy(definitions()["services"])
        self.version = self.definition["spec"]["versions"][0]
        self.schema = self.version["schema"]["openAPIV3Schema"]

    def found(self, what):
        found = problems(self.definition)
        self.assertTrue(any(what in problem for problem in found), found)

    def field(self, path):
        return at_path(self.schema, path)

    def test_names(self):
        self.definition["metadata"]["name"] = "service.clickdeploy.io"
        self.definition["spec"]["names"]["shortNames"] = ["Svc"]
        self.found("must be plural.group")
        self.found("Svc must be a DNS label")

    def test_types(self):
        del self.field(".spec.replicas")["type"]
        self.found("a type is required")

    def test_forbidden_words(self):
        self.field(".spec")["$ref"] = "#/x"
        self.field(".spec.replicas")["requird"] = True
        self.field(".spec.template")["additionalProperties"] = False
        for what in ["$ref is forbidden", "requird is unknown", "exclude each other",
                     "additionalProperties: false"]:
            self.found(what)

    def test_junctors(self):
        self.field(".spec")["anyOf"] = [
            {"properties": {"replicas": {"type": "integer"}, "nothing": {"minimum": 1}}}]
        self.found("type belongs outside")
        self.found("nothing must be a property outside")

    def test_lists(self):
        networks = self.field(".spec.template.spec.networks")
        networks["x-kubernetes-list-map-keys"] = ["name", "other"]
        networks["items"]["required"].remove("name")
        self.field(".spec.template.spec.flavors").update({"x-kubernetes-list-type": "set"})
        for what in ["other must be a scalar", "name must be required or have a default",
                     "the items of a set must be scalars or atomic"]:
            self.found(what)

    def test_defaults(self):
        self.field(".spec.replicas")["default"] = "one"
        self.field(".spec.rollout")["default"] = {"maxSurge": -1, "nothing": 1}
        for what in ["is no integer", "nothing would be pruned", "is out of range"]:
            self.found(what)

    def test_values(self):
        self.field(".spec.cloudRef.name")["pattern"] = "^(?=a)b$"
        self.field(".spec.replicas")["format"] = "int31"
        self.field(".spec.replicas")["minimum"] = 2000
        for what in ["is no RE2", "the format int31", "minimum is above maximum"]:
            self.found(what)

    def test_columns_and_subresources(self):
        self.version["additionalPrinterColumns"].append(
            {"name": "X", "type": "text", "jsonPath": "spec.nothing"})
        self.version["subresources"]["scale"]["specReplicasPath"] = ".status.replicas"
        for what in ["the type is unknown", "must begin with a dot", "the schema has nothing at",
                     "specReplicasPath is no path"]:
            self.found(what)

    def test_rules(self):
        self.schema["x-kubernetes-validations"].append({"rule": "has(self.metadata.labels)"})
        self.field(".spec.template.spec.flavors")["items"]["x-kubernetes-validations"] = [
            {"rule": "self == oldSelf"}]
        self.field(".spec.template.spec")["x-kubernetes-validations"] = [
            {"rule": "self.networks.all(a, self.networks.all(b, a.name == b.name))"}]
        for what in ["only name and generateName can be seen", "oldSelf needs items", "it may cost"]:
            self.found(what)


if __name__ == "__main__":
    unittest.main()
