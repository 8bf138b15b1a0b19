"""Debian's Kubernetes client for Python: the typed client, the dynamic one, and watches."""

import threading
import unittest

from kubernetes import client, dynamic, watch
from kubernetes.client.exceptions import ApiException

from kubectl_case import ServerCase

GROUP = {"group": "clickdeploy.io", "version": "v1alpha1", "plural": "services"}


def service(name, replicas=2):
    return {"apiVersion": "clickdeploy.io/v1alpha1", "kind": "Service",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"cloudRef": {"name": "prod"}, "replicas": replicas, "template": {"spec": {
                "image": {"name": "ubuntu"}, "flavors": [{"name": "small"}],
                "networks": [{"name": "app", "network": {"name": "net"}, "scrape": True}]}}}}


class PythonClient(ServerCase):
    def setUp(self):
        super().setUp()
        configuration = client.Configuration()
        configuration.host = self.url
        self.api = client.ApiClient(configuration)
        self.addCleanup(self.api.close)
        self.core = client.CoreV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)

    def where(self):
        return {**GROUP, "namespace": self.namespace}

    def test_core_kinds(self):
        made = self.core.create_namespaced_secret(self.namespace, client.V1Secret(
            metadata=client.V1ObjectMeta(name="s"), string_data={"password": "hunter2"}))
        self.assertEqual(made.data, {"password": "aHVudGVyMg=="})
        self.core.create_namespaced_config_map(self.namespace, client.V1ConfigMap(
            metadata=client.V1ObjectMeta(name="c"), data={"a": "1"}))
        self.core.patch_namespaced_config_map("c", self.namespace, {"data": {"b": "2"}})
        self.assertEqual(self.core.read_namespaced_config_map("c", self.namespace).data,
                         {"a": "1", "b": "2"})
        self.core.delete_namespaced_config_map(
            "c", self.namespace, body=client.V1DeleteOptions(propagation_policy="Background"))
        with self.assertRaises(ApiException) as gone:
            self.core.read_namespaced_config_map("c", self.namespace)
        self.assertEqual((gone.exception.status, gone.exception.reason), (404, "Not Found"))
        names = [item.metadata.name for item in self.core.list_namespace().items]
        self.assertIn(self.namespace, names)

    def test_custom_objects(self):
        made = self.custom.create_namespaced_custom_object(**self.where(), body=service("web"))
        self.assertEqual(made["spec"]["rollout"]["maxSurge"], 1)
        made["spec"]["replicas"] = 3
        replaced = self.custom.replace_namespaced_custom_object(**self.where(), name="web",
                                                                body=made)
        self.assertEqual(replaced["metadata"]["generation"], 2)
        with self.assertRaises(ApiException) as stale:
            self.custom.replace_namespaced_custom_object(**self.where(), name="web", body=made)
        self.assertEqual(stale.exception.status, 409)
        scale = self.custom.get_namespaced_custom_object_scale(**self.where(), name="web")
        self.assertEqual(scale["spec"]["replicas"], 3)
        self.custom.delete_namespaced_custom_object(**self.where(), name="web")
        self.assertEqual(self.custom.list_namespaced_custom_object(**self.where())["items"], [])

    def test_pages(self):
        for name in ["a", "b", "c"]:
            self.custom.create_namespaced_custom_object(**self.where(), body=service(name))
        page = self.custom.list_namespaced_custom_object(**self.where(), limit=2)
        rest = self.custom.list_namespaced_custom_object(**self.where(), limit=2,
                                                         _continue=page["metadata"]["continue"])
        self.assertEqual([len(page["items"]), len(rest["items"])], [2, 1])

    def test_leases(self):
        leases = client.CoordinationV1Api(self.api)
        lease = leases.create_namespaced_lease(self.namespace, client.V1Lease(
            metadata=client.V1ObjectMeta(name="l"),
            spec=client.V1LeaseSpec(holder_identity="a", lease_duration_seconds=15)))
        lease.spec.holder_identity = "b"
        self.assertEqual(leases.replace_namespaced_lease("l", self.namespace, lease)
                         .spec.holder_identity, "b")

    def test_rights_and_definitions(self):
        review = client.AuthorizationV1Api(self.api).create_self_subject_access_review(
            client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(
                resource_attributes=client.V1ResourceAttributes(verb="get", resource="secrets"))))
        self.assertTrue(review.status.allowed)
        definitions = client.ApiextensionsV1Api(self.api).list_custom_resource_definition().items
        self.assertIn("services.clickdeploy.io", [one.metadata.name for one in definitions])
        self.assertTrue(client.VersionApi(self.api).get_code().git_version.startswith("v1.32."))

    def test_a_watch_sees_every_change(self):
        self.custom.create_namespaced_custom_object(**self.where(), body=service("web", 1))
        start = self.custom.list_namespaced_custom_object(**self.where())
        version = start["metadata"]["resourceVersion"]

        def change():
            for replicas in range(2, 12):
                self.custom.patch_namespaced_custom_object(
                    **self.where(), name="web", body={"spec": {"replicas": replicas}})
            self.custom.delete_namespaced_custom_object(**self.where(), name="web")

        writer = threading.Thread(target=change)
        writer.start()
        self.addCleanup(writer.join)
        seen = []
        watcher = watch.Watch()
        for event in watcher.stream(self.custom.list_namespaced_custom_object, **self.where(),
                                    resource_version=version, timeout_seconds=60):
            seen.append((event["type"], event["object"]["spec"]["replicas"]))
            if event["type"] == "DELETED":
                watcher.stop()
        self.assertEqual(seen, [("MODIFIED", n) for n in range(2, 12)] + [("DELETED", 11)])

    def test_the_dynamic_client(self):
        cluster = dynamic.DynamicClient(self.api)
        services = cluster.resources.get(api_version="clickdeploy.io/v1alpha1", kind="Service")
        services.create(body=service("web"), namespace=self.namespace)
        services.patch(name="web", namespace=self.namespace, body={"spec": {"replicas": 5}},
                       content_type="application/merge-patch+json")
        self.assertEqual(services.get(name="web", namespace=self.namespace).spec.replicas, 5)
        services.status.patch(name="web", namespace=self.namespace,
                              body={"status": {"observedGeneration": 2}},
                              content_type="application/merge-patch+json")
        listed = services.get(namespace=self.namespace, label_selector="app=web")
        self.assertEqual(len(listed.items), 1)
        services.delete(name="web", namespace=self.namespace)
        self.assertEqual(services.get(namespace=self.namespace).items, [])


if __name__ == "__main__":
    unittest.main()
