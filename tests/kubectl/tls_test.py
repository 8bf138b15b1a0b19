"""kubectl over TLS: it offers HTTP/2 there, trusts one authority, and signs in."""

import json
import ssl
import unittest
import urllib.request

from kubectl_case import KUBECONFIG, KubectlCase


class Tls(KubectlCase):
    @classmethod
    def arguments(cls):
        return ["--authority", str(cls.home / "authority.pem")]

    def request(self, method, path, body=None, content_type="application/json"):
        trust = ssl.create_default_context(cafile=self.home / "authority.pem")
        request = urllib.request.Request(self.url + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
            return json.load(answer)

    def setUp(self):
        super().setUp()
        text = KUBECONFIG.format(url=self.url, namespace=self.namespace)
        text = text.replace("{server: ", f"{{certificate-authority: {self.home}/authority.pem, "
                                         "server: ").replace("user: {}", "user: {token: any}")
        self.kubeconfig.write_text(text)

    def test_reads_writes_and_watches(self):
        self.assertTrue(self.url.startswith("https://"))
        self.assertEqual(self.apply(), "service.clickdeploy.io/web created\n")
        self.assertEqual(self.apply(replicas=3), "service.clickdeploy.io/web configured\n")
        self.assertEqual(self.value("web", ".spec.replicas"), "3")
        process, log = self.start_watching("wait", "--for=condition=Ready", "csvc/web",
                                           "--timeout=60s")
        self.set_ready("web", generation=2)
        self.assertEqual(process.wait(timeout=60), 0, log.read_text())
        self.assertEqual(self.good("delete", "csvc", "web"),
                         'service.clickdeploy.io "web" deleted\n')

    def test_another_authority_is_not_trusted(self):
        text = self.kubeconfig.read_text().replace(
            f"certificate-authority: {self.home}/authority.pem, ", "")
        self.kubeconfig.write_text(text)
        self.assertIn("x509", self.bad("get", "csvc"))


if __name__ == "__main__":
    unittest.main()
