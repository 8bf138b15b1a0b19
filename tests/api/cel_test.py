"""The rules in CEL of crds/, run by another's CEL: they say what our own code says.

Bad manifests are refused by it too where a rule in CEL is what refuses them; the samples pass; and
each rule of each definition refuses something here.
"""

import copy
import json
import os
import pathlib
import subprocess
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

CHOICE = "exactly one of id, name and filter must be set"
EMPTY = "properties or tags must be given"
GROUP = "exactly one of policy and name must be set"
DATA = "at most one of inline and secretRef may be set"
VALUES = "values are needed by In and NotIn, and only by them"
IMAGE = "image is for the method Container only"
CHECKSUM = "url and sha256 are required by the method Archive"
ARCHIVE = "url and sha256 are for the method Archive only"
ONE_LOGIN = "at most one of basic and bearer may be set"
ADOPT = "managementPolicy Adopt needs adopt.filter"
HTTPS = "tls and auth.mtls need a url that begins with https"
NO_FILES = "directory is required by FileSD, and for FileSD only"
TOKEN = "tokenSecretRef is required by HTTPSD, and for HTTPSD only"
TYPE = "the type is immutable; make another MetricsBackend for another type"
FOLDER = "field is immutable; make another MetricsBackend for another folder"

NO_CREDENTIALS = "credentials are required by the type OpenStack"
NO_HOSTS = "hosts and ssh are required by the type Hosts"
HOSTS_ONLY = "hosts and ssh are for the type Hosts only"
OPENSTACK_ONLY = "credentials, region and identity are for the type OpenStack only"
TOGETHER = ("image, flavors and networks must be given together; none of them is for machines of a "
            "Cloud of type Hosts")
SELECTOR_ONLY = ("hostSelector is for machines of a Cloud of type Hosts, which have no networks "
                 "here")
MACHINE = ("a machine of a Cloud of type Hosts is what it is: availabilityZones, floatingIP, "
           "rootVolume, volumes, serverGroup, configDrive, keyName, userData and metadata are for "
           "servers that are made from image, flavors and networks")

# What the files in bad/ break; the others break no rule in CEL.
BAD = {
    "backend_alertmanager_basic_and_bearer": [f"spec.alertmanager.auth: {ONE_LOGIN}"],
    "backend_alertmanager_certificate_without_https": [f"spec.alertmanager: {HTTPS}"],
    "backend_basic_and_bearer": [f"spec.auth: {ONE_LOGIN}"],
    "backend_certificate_without_https": [f"spec: {HTTPS}"],
    "backend_found_with_directory": [f"spec.targets: {NO_FILES}"],
    "backend_served_without_token": [f"spec.targets: {TOKEN}"],
    "backend_token_for_files": [f"spec.targets: {TOKEN}"],
    "cloud_hosts_of_openstack": [f"spec: {HOSTS_ONLY}"],
    "cloud_hosts_with_credentials": [f"spec: {OPENSTACK_ONLY}"],
    "cloud_hosts_without_ssh": [f"spec: {NO_HOSTS}"],
    "cloud_without_credentials": [f"spec: {NO_CREDENTIALS}"],
    "cloud_selector_in_without_values": [f"spec.allowedNamespaces.matchExpressions[0]: {VALUES}"],
    "policy_alert_and_record":
        ["spec.rules.groups[0].rules[0]: exactly one of alert and record must be set"],
    "policy_neither_alert_nor_record":
        ["spec.rules.groups[0].rules[0]: exactly one of alert and record must be set"],
    "policy_record_with_for":
        ["spec.rules.groups[0].rules[0]: for and annotations are for alerts only"],
    "policy_archive_without_checksum": [f"spec.agents[0].install: {CHECKSUM}"],
    "policy_image_for_package": [f"spec.agents[0].install: {IMAGE}"],
    "service_adopts_without_filter": [f"spec: {ADOPT}"],
    "service_host_selector_with_networks": [f"spec.template.spec: {SELECTOR_ONLY}"],
    "service_image_without_networks": [f"spec.template.spec: {TOGETHER}"],
    "service_machine_with_volume": [f"spec.template.spec: {MACHINE}"],
    "service_empty_filter": [f"spec.template.spec.image.filter: {EMPTY}"],
    "service_image_id_and_name": [f"spec.template.spec.image: {CHOICE}"],
    "service_image_without_choice": [f"spec.template.spec.image: {CHOICE}"],
    "service_no_surge_and_no_unavailable":
        ["spec.rollout: maxSurge and maxUnavailable may not both be 0"],
    "service_security_group_without_choice":
        [f"spec.template.spec.networks[0].securityGroups[0]: {CHOICE}"],
    "service_server_group_policy_and_name": [f"spec.template.spec.serverGroup: {GROUP}"],
    "service_user_data_twice": [f"spec.template.spec.userData: {DATA}"],
}

WRONG = {"id": "1", "name": "a", "filter": {}}
ALL_WRONG = {"image": WRONG, "flavors": [WRONG], "floatingIP": {"network": WRONG},
             "serverGroup": {"policy": "affinity", "name": "g"},
             "userData": {"inline": "x", "secretRef": {"name": "s"}},
             "networks": [{"name": "n", "network": WRONG, "subnet": WRONG,
                           "securityGroups": [WRONG]}]}


def wrong_server(path):
    things = ["flavors[0]", "floatingIP.network", "image", "networks[0].network",
              "networks[0].securityGroups[0]", "networks[0].subnet"]
    return [*(f"{path}.{thing}: {CHOICE}" for thing in things),
            *(f"{path}.{thing}.filter: {EMPTY}" for thing in things),
            f"{path}.serverGroup: {GROUP}", f"{path}.userData: {DATA}"]


WRONG_INSTALLS = [{"install": install} for install in [
    {"method": "Archive", "url": "u"}, {"method": "Package", "url": "u"},
    {"method": "Package", "image": "i"}]]
WRONG_INSTALL_MESSAGES = [f"spec.agents[0].install: {CHECKSUM}",
                          f"spec.agents[1].install: {ARCHIVE}", f"spec.agents[2].install: {IMAGE}"]
WRONG_SELECTOR = {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]},
                                       {"key": "a", "operator": "In", "values": ["b"]},
                                       {"key": "a", "operator": "NotIn"}]}


def selector_messages(path):
    return [f"{path}.matchExpressions[0]: {VALUES}", f"{path}.matchExpressions[2]: {VALUES}"]


# Kind, object, the object before, and what the rules say.
CASES = [
    ("Service", {"metadata": {"name": "n" * 49}, "spec": {"template": {"spec": ALL_WRONG}}}, None,
     [": metadata.name must be no more than 48 characters: the servers' host names are made from "
      "it", *wrong_server("spec.template.spec")]),
    ("Service", {"metadata": {"name": "n" * 48}, "spec": {"rollout": {"maxSurge": 0}}}, None,
     ["spec.rollout: maxSurge and maxUnavailable may not both be 0"]),
    ("Service", {"metadata": {"name": "n"}, "spec": {"managementPolicy": "Adopt"}}, None,
     [f"spec: {ADOPT}"]),
    ("Instance", {"metadata": {"name": "i"}, "spec": {"server": ALL_WRONG,
                                                      "agents": WRONG_INSTALLS}}, None,
     [*WRONG_INSTALL_MESSAGES, *wrong_server("spec.server")]),
    ("MonitoringPolicy", {"metadata": {"name": "p"}, "spec": {
        "agents": WRONG_INSTALLS, "serviceSelector": WRONG_SELECTOR,
        "namespaceSelector": WRONG_SELECTOR}}, None,
     [*WRONG_INSTALL_MESSAGES, *selector_messages("spec.namespaceSelector"),
      *selector_messages("spec.serviceSelector")]),
    ("MonitoringPolicy", {"metadata": {"name": "p"}, "spec": {"rules": {"groups": [{"rules": [
        {"alert": "A", "for": "5m"}, {"record": "r", "annotations": {}}, {}]}]}}}, None,
     ["spec.rules.groups[0].rules[1]: for and annotations are for alerts only",
      "spec.rules.groups[0].rules[2]: exactly one of alert and record must be set"]),
    ("Cloud", {"metadata": {"name": "c"}, "spec": {"region": "two",
                                                   "allowedNamespaces": WRONG_SELECTOR}},
     {"metadata": {"name": "c"}, "spec": {"region": "one"}},
     [*selector_messages("spec.allowedNamespaces"),
      "spec.region: field is immutable: the fleet is where it was made",
      f"spec: {NO_CREDENTIALS}"]),
    ("Cloud", {"metadata": {"name": "c"}, "spec": {"type": "Hosts", "hosts": [], "ssh": {}}},
     {"metadata": {"name": "c"}, "spec": {"type": "OpenStack", "credentials": {}}},
     ["spec.type: field is immutable: make another Cloud of that type"]),
    ("Cloud", {"metadata": {"name": "c"}, "spec": {"type": "Hosts", "credentials": {}}}, None,
     [f"spec: {OPENSTACK_ONLY}", f"spec: {NO_HOSTS}"]),
    ("Cloud", {"metadata": {"name": "c"}, "spec": {"hosts": []}}, None,
     [f"spec: {HOSTS_ONLY}", f"spec: {NO_CREDENTIALS}"]),
    *((kind, {"metadata": {"name": "m"}, "spec": spec(server)}, None,
       [f"{path}: {message}" for message in messages] + selectors)
      for kind, path, spec in [
          ("Service", "spec.template.spec", lambda server: {"template": {"spec": server}}),
          ("Instance", "spec.server", lambda server: {"server": server})]
      for server, messages, selectors in [
          ({}, [], []),
          ({"volumes": [], "hostSelector": WRONG_SELECTOR}, [MACHINE],
           selector_messages(f"{path}.hostSelector")),
          ({"networks": [], "hostSelector": {}}, [SELECTOR_ONLY, TOGETHER], [])]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "http://prom:9090", "auth": {"basic": {}, "bearer": {}, "mtls": {}},
        "alertmanager": {"url": "http://am:9093", "auth": {"basic": {}, "bearer": {}, "mtls": {}}},
        "targets": {"directory": "/b"}, "rules": {"directory": "/c"}}}, None,
     [f"spec.alertmanager.auth: {ONE_LOGIN}", f"spec.alertmanager: {HTTPS}",
      f"spec.auth: {ONE_LOGIN}", f"spec: {HTTPS}"]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "https://prom:9090", "tls": {}, "auth": {"mtls": {}},
        "targets": {"directory": "/a"}, "rules": {"directory": "/a"},
        "allowedNamespaces": WRONG_SELECTOR}},
     {"metadata": {"name": "b"}, "spec": {"url": "https://prom:9090",
                                          "targets": {"directory": "/b"},
                                          "rules": {"directory": "/c"}}},
     ["spec: targets.directory and rules.directory must be different folders",
      *selector_messages("spec.allowedNamespaces"), f"spec.rules.directory: {FOLDER}",
      f"spec.targets.directory: {FOLDER}"]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "https://prom:9090", "targets": {"type": "HTTPSD"}, "rules": {"directory": "/a"}}},
     {"metadata": {"name": "b"}, "spec": {"url": "https://prom:9090",
                                          "targets": {"type": "FileSD", "directory": "/b"},
                                          "rules": {"directory": "/a"}}},
     [f"spec.targets: {TOKEN}", f"spec.targets: {TYPE}"]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "https://prom:9090", "rules": {"directory": "/a"},
        "targets": {"type": "HTTPSD", "directory": "/b", "tokenSecretRef": {"name": "t"}}}}, None,
     [f"spec.targets: {NO_FILES}"]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "https://prom:9090", "rules": {"directory": "/a"},
        "targets": {"type": "OpenStackSD"}}},
     {"metadata": {"name": "b"}, "spec": {
         "url": "https://prom:9090", "rules": {"directory": "/a"},
         "targets": {"type": "HTTPSD", "tokenSecretRef": {"name": "t"}}}},
     [f"spec.targets: {TYPE}"]),
    ("MetricsBackend", {"metadata": {"name": "b"}, "spec": {
        "url": "https://prom:9090", "rules": {"directory": "/a"},
        "targets": {"type": "OpenStackSD"}}}, None, []),
]


def documents(folder):
    """Name, kind and object of each object of ours in the files of a folder."""
    for path in sorted(folder.rglob("*.yaml")):
        try:
            found = list(yaml.safe_load_all(path.read_text()))
        except yaml.YAMLError:
            continue  # one that only our own parser is to read
        for document in found:
            if document and document.get("apiVersion") == "clickdeploy.io/v1alpha1":
                name = document["metadata"]["name"]
                yield f"{path.stem} {name}", document["kind"], document


def rules(schema, path=""):
    """(path, message) of every rule."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from rules(child, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from rules(schema["items"], f"{path}[]")


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schemas = {}
        for path in sorted((ROOT / "crds").glob("*.yaml")):
            definition = yaml.safe_load(path.read_text())["spec"]
            schema = definition["versions"][0]["schema"]["openAPIV3Schema"]
            cls.schemas[definition["names"]["kind"]] = schema

    def run_rules(self, objects):
        """What is said of each (name, kind, object, old)."""
        said = {}
        for kind, schema in self.schemas.items():
            chosen = [{"name": name, "object": json.loads(json.dumps(new, default=str)),
                       "old": copy.deepcopy(old)}
                      for name, of_kind, new, old in objects if of_kind == kind]
            run = subprocess.run(["node", HERE / "cel_rules.mjs", os.environ["NODE_MODULES"]],
                                 input=json.dumps({"schema": schema, "objects": chosen}),
                                 capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            said.update(json.loads(run.stdout))
        self.assertEqual(len(said), len(objects))
        return said

    def test_samples_pass(self):
        objects = [(name, kind, document, None)
                   for name, kind, document in documents(ROOT / "manifests")]
        self.assertGreater(len(objects), 5)
        for name, said in self.run_rules(objects).items():
            self.assertEqual(said, [], name)

    def test_bad_manifests(self):
        objects = [(name.split()[0], kind, document, None)
                   for name, kind, document in documents(HERE / "bad")]
        said = self.run_rules(objects)
        self.assertEqual({name: found for name, found in said.items() if found}, BAD)

    def test_every_rule_refuses_something(self):
        said = self.run_rules([(str(i), kind, new, old)
                               for i, (kind, new, old, _) in enumerate(CASES)])
        seen = set()
        for i, (kind, _, _, want) in enumerate(CASES):
            with self.subTest(kind=kind, case=i):
                self.assertEqual(sorted(said[str(i)]), sorted(want))
            for line in said[str(i)]:
                path, message = line.split(": ", 1)
                parts = [part if "[" not in part else part[:part.index("[")] + "[]"
                         for part in path.split(".")]
                seen.add((kind, ".".join(parts), message))
        for kind, schema in self.schemas.items():
            for path, message in rules(schema):
                self.assertIn((kind, path, " ".join(message.split())), seen)


if __name__ == "__main__":
    unittest.main()
