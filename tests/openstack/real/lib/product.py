"""Click Deploy and a Prometheus beside the bed, as a user starts them; and the questions asked of them."""

import json
import os
import pathlib
import subprocess
import time
import urllib.request

from daemons import Daemon
from services import HERE
from settings import write_whole

GROUP = '/apis/clickdeploy.io/v1alpha1/namespaces/shop'
BASICS = '''
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: real, namespace: shop}
stringData:
  clouds.yaml: |
%(clouds)s
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: real, namespace: shop}
spec:
  credentials: {secretRef: {name: real}, cloudName: demo-appcred}
  pollSeconds: 2
  protection: {missingFleetThreshold: 30%%}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MetricsBackend
metadata: {name: main, namespace: shop}
spec:
  url: %(prometheus)s
  targets: {directory: %(folder)s/targets}
  rules: {directory: %(folder)s/rules}
---
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {name: base, namespace: shop}
spec:
  serviceSelector: {matchLabels: {tier: front}}
  backendRef: {name: main}
  agents: [{name: node-exporter}]
  scrape: {interval: 5s, timeout: 4s}
'''
SERVICE = '''
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {name: %(name)s, namespace: shop, labels: {tier: front}}
spec:
  cloudRef: {name: real}
  replicas: %(replicas)d
  template:
    metadata: {annotations: {version: "%(version)s"}}
    spec:
      image: {name: dummy}
      flavors: [{name: %(flavor)s}]
      networks:
      - {name: app, network: {name: private}, scrape: true}
      metadata: {team: "%(team)s"}
      %(root)s
      volumes: %(volumes)s
  rollout: {maxSurge: 2, maxUnavailable: 0}
  remediation:
    unhealthyAfterSeconds: 10
    startupTimeoutSeconds: 240
    stepTimeoutSeconds: 60
    maxUnhealthy: 50%%
'''


class Product:
    def __init__(self, settings, programs):
        self._settings = settings
        self._programs = pathlib.Path(programs)
        self.folder = settings.state / 'product'
        shift = settings.knobs.port_shift
        self._listen = f'{settings.knobs.address}:{7180 + shift}'
        self._prometheus_listen = f'{settings.knobs.address}:{9090 + shift}'
        self.api = f'http://{self._listen}'
        self.prometheus = f'http://{self._prometheus_listen}'
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._daemon = Daemon(settings, 'clickdeployd')
        self._prometheus = Daemon(settings, 'prometheus')

    def start(self):
        for name in ('data', 'targets', 'rules'):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / 'prometheus.yml').write_text(
            'global: {scrape_interval: 5s, evaluation_interval: 5s}\n'
            "rule_files: ['rules/clickdeploy-*.yml']\n"
            'scrape_configs:\n- job_name: click-deploy\n'
            "  file_sd_configs: [{files: ['targets/clickdeploy-*.json']}]\n")
        self._prometheus.start(
            ['prometheus', f"--config.file={self.folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={self.folder / 'tsdb'}", '--web.enable-lifecycle',
             f'--web.listen-address={self._prometheus_listen}'], self._environment())
        self.start_daemon()

    def start_daemon(self):
        self._daemon.start([self._programs / 'clickdeployd', '--data', self.folder / 'data',
                            '--listen', self._listen], self._environment())
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                self._opener.open(self.api + '/readyz', timeout=5).read()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError('clickdeployd does not answer: ' + self._daemon.last_words())

    def kill_daemon(self):
        self._daemon.kill()

    def stop(self):
        self._daemon.stop()
        self._prometheus.stop()

    def log(self):
        return self._daemon.log

    @staticmethod
    def _environment():
        return {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8', 'HOME': '/nonexistent'}

    def clickctl(self, *words, text=None):
        done = subprocess.run(
            [str(self._programs / 'clickctl'), '--server', self.api, '-n', 'shop', *words],
            input=text, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f'clickctl {" ".join(words)}: {done.stdout}{done.stderr}')
        return done.stdout

    def apply_basics(self):
        clouds = (self._settings.state / 'clouds.yaml').read_text()
        values = {'clouds': '\n'.join('    ' + line for line in clouds.splitlines()),
                  'prometheus': self.prometheus, 'folder': self.folder}
        self.clickctl('apply', '-f', '-', text=BASICS % values)

    def apply_service(self, name, replicas, flavor='m1.tiny', version='1', team='shop', volumes='[]',
                      root=''):
        self.clickctl('apply', '-f', '-', text=SERVICE % {
            'name': name, 'replicas': replicas, 'flavor': flavor, 'version': version, 'team': team,
            'volumes': volumes, 'root': root})

    def scale(self, name, replicas):
        self._send('PATCH', f'{GROUP}/services/{name}', {'spec': {'replicas': replicas}})

    def _send(self, method, path, body=None):
        request = urllib.request.Request(
            self.api + path, method=method, data=json.dumps(body).encode() if body else None,
            headers={'Content-Type': 'application/merge-patch+json'})
        with self._opener.open(request, timeout=30) as response:
            return json.loads(response.read())

    def get(self, plural, name):
        return self._send('GET', f'{GROUP}/{plural}/{name}')

    def service_status(self, name):
        return self.get('services', name).get('status', {})

    def instances(self, service):
        """The Service's Instances: name, server id, phase."""
        found = self._send('GET', f'{GROUP}/instances')['items']
        return [i for i in found
                if any(o['name'] == service for o in i['metadata'].get('ownerReferences', []))]

    def condition(self, plural, name, kind):
        """'False QuotaExceeded Quota exceeded for …'"""
        for condition in self.get(plural, name).get('status', {}).get('conditions', []):
            if condition['type'] == kind:
                return ' '.join((condition['status'], condition.get('reason', ''),
                                 condition.get('message', '')))
        return f'no condition {kind}'

    def query(self, expression):
        """Instant query: how many series, and the first value."""
        url = f'{self.prometheus}/api/v1/query?query=' + urllib.request.quote(expression)
        result = json.loads(self._opener.open(url, timeout=30).read())['data']['result']
        return [(series['metric'], float(series['value'][1])) for series in result]

    def targets(self):
        url = f'{self.prometheus}/api/v1/targets?state=active'
        return json.loads(self._opener.open(url, timeout=30).read())['data']['activeTargets']

    def metric(self, name):
        """Sum of our own metric."""
        total = 0.0
        for line in self._opener.open(self.api + '/metrics', timeout=30).read().decode().splitlines():
            if line.startswith(name + '{') or line.startswith(name + ' '):
                total += float(line.rpartition(' ')[2])
        return total


def bed_program(settings, *words):
    subprocess.run([str(HERE / 'bed'), '--state', str(settings.state), *words], check=True)
