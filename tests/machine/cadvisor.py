"""Usage: cadvisor.py ADDRESS PORT VERSION. Serves series like cAdvisor's, of one container."""

import http.server
import sys

METRICS = """\
# TYPE cadvisor_version_info gauge
cadvisor_version_info{cadvisorRevision="",cadvisorVersion="%s",dockerVersion=""} 1
# TYPE container_memory_usage_bytes gauge
container_memory_usage_bytes{id="/docker/0f1e",image="registry.internal/web:1.4",name="web"} 5e+07
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{cpu="total",id="/docker/0f1e",name="web"} 12.5
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (METRICS % sys.argv[3]).encode()
        self.send_response(200 if self.path == "/metrics" else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
