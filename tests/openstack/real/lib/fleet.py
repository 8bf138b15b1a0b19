"""What the cloud itself says, asked past Click Deploy: its administrator's and its user's view."""

import json
import os
import signal
import time

from rest import Rest
from settings import PASSWORD

NOVA_VERSION = {'OpenStack-API-Version': 'compute 2.93'}


class Fleet:
    def __init__(self, settings):
        self._settings = settings
        self._nova = settings.url('nova') + '/v2.1'
        self._neutron = settings.url('neutron') + '/v2.0'
        self.bed = json.loads((settings.state / 'bed.json').read_text())
        keystone = self._settings.url('keystone')
        self.demo = Rest(keystone, 'controller', PASSWORD, 'demo')
        self.admin = Rest(keystone, 'admin', PASSWORD, 'admin')

    def servers(self):
        answer = self.demo.send('GET', f'{self._nova}/servers/detail', headers=NOVA_VERSION)
        return answer.json()['servers']

    def ports(self):
        """Those that somebody made: not the router's."""
        found = self.demo.get(f'{self._neutron}/ports')['ports']
        return [p for p in found if not p['device_owner'].startswith('network:')]

    def leftovers(self):
        """'' or what is still there that the bed did not have at the start."""
        found = {'servers': len(self.servers()), 'ports': len(self.ports()),
                 'floating IPs': len(self.demo.get(f'{self._neutron}/floatingips')['floatingips']),
                 'security groups':
                     len(self.demo.get(f'{self._neutron}/security-groups')['security_groups']) - 1}
        if self._settings.knobs.cinder:
            found['volumes'] = len(self.volumes())
        return ', '.join(f'{count} {what}' for what, count in found.items() if count)

    def volumes(self):
        return self.demo.get(f'{self._cinder()}/volumes/detail')['volumes']

    def _cinder(self):
        return f"{self._settings.url('cinder')}/v3/{self.demo.project_id}"

    def detach(self, server, volume):
        self.demo.send('DELETE', f'{self._nova}/servers/{server}/os-volume_attachments/{volume}')

    def delete(self, server):
        self.demo.send('DELETE', f'{self._nova}/servers/{server}')

    def act(self, server, action, how=None):
        self.demo.send('POST', f'{self._nova}/servers/{server}/action', {action: how})

    def server(self, server):
        return next(found for found in self.servers() if found['id'] == server)

    def identity(self, server):
        """What Click Deploy keeps as it is: name, metadata, tags, and the security of its ports."""
        found = self.server(server)
        ports = [p for p in self.ports() if p['device_id'] == server]
        return {'name': found['name'], 'metadata': found['metadata'], 'tags': sorted(found['tags']),
                'ports': sorted((p['id'], sorted(p['security_groups']), p['allowed_address_pairs'])
                                for p in ports)}

    def rename(self, server, name):
        self.demo.send('PUT', f'{self._nova}/servers/{server}', {'server': {'name': name}},
                       headers=NOVA_VERSION)

    def set_metadata(self, server, key, value):
        self.demo.send('POST', f'{self._nova}/servers/{server}/metadata', {'metadata': {key: value}})

    def drop_metadata(self, server, key):
        self.demo.send('DELETE', f'{self._nova}/servers/{server}/metadata/{key}')

    def drop_tags(self, server):
        self.demo.send('DELETE', f'{self._nova}/servers/{server}/tags', headers=NOVA_VERSION)

    def change_port(self, port, **fields):
        self.demo.send('PUT', f'{self._neutron}/ports/{port}', {'port': fields})

    def flavor(self, name):
        found = self.demo.get(f'{self._nova}/flavors')['flavors']
        return next(flavor['id'] for flavor in found if flavor['name'] == name)

    def set_quota(self, instances):
        self.admin.send('PUT', f'{self._nova}/os-quota-sets/{self.demo.project_id}',
                        {'quota_set': {'instances': instances, 'force': True}})

    def status(self, server):
        for found in self.servers():
            if found['id'] == server:
                return found['status']
        return 'GONE'

    def guests(self):
        """{server: {kind, pids}} of what runs."""
        file = self._settings.guests / 'running.json'
        return {guest['id']: guest for guest in json.loads(file.read_text())}

    def kill_agent(self, server):
        for pid in self.guests()[server]['pids']:
            os.kill(pid, signal.SIGKILL)

    def faults(self, **faults):
        (self._settings.state / 'faults.json').write_text(json.dumps(faults))


def wait_for(what, seconds, problem):
    """Asks until `problem()` is '', and tells now and then what is still missing."""
    started = time.monotonic()
    told = started
    while True:
        try:
            missing = problem()
        except Exception as error:  # a service that is just being killed
            missing = f'{type(error).__name__}: {error}'
        now = time.monotonic()
        if not missing:
            return now - started
        if now - started > seconds:
            raise AssertionError(f'{what}: not after {seconds} s: {missing}')
        if now - told > 15:
            told = now
            print(f'      … {what}, {now - started:.0f} s: {missing[:160]}', flush=True)
        time.sleep(1)  # each question costs the services a share of a second


