"""What the bed contains: accounts and catalog, an image, flavors, networks, a credential."""

import ipaddress
import json
import time

from rest import Refused, Rest
from services import NotReady
from settings import PASSWORD, REGION, write_whole

FLAVORS = (  # name, id, processors, MiB, GiB
    ('m1.tiny', '1', 1, 512, 1),
    ('m1.small', '2', 1, 2048, 20),
    ('m1.huge', '9', 1_000_000, 512, 1),  # fits on no host
)


class Seed:
    def __init__(self, settings):
        self._settings = settings
        self._admin = Rest(settings.url('keystone'), 'admin', PASSWORD, 'admin')
        self._v3 = settings.url('keystone') + '/v3'

    def accounts(self):
        """Projects, users, roles and the catalog."""
        roles = {name: self._admin.named(f'{self._v3}/roles', 'role', name)['id']
                 for name in ('admin', 'member', 'reader', 'service')}
        service, demo = (self._admin.named(f'{self._v3}/projects', 'project', name,
                                           domain_id='default')['id']
                         for name in ('service', 'demo'))
        users = ['glance', 'placement', 'nova', 'neutron']
        if self._settings.knobs.cinder:
            users.append('cinder')
        for user in users:
            self._user(user, service, roles['admin'], roles['service'])
        self._user('controller', demo, roles['member'])
        self._grant(self._admin.user_id, demo, roles['admin'])
        self._catalog()

    def _user(self, name, project, *roles):
        user = self._admin.named(f'{self._v3}/users', 'user', name, domain_id='default',
                                 password=PASSWORD, default_project_id=project)['id']
        for role in roles:
            self._grant(user, project, role)

    def _grant(self, user, project, role):
        self._admin.send('PUT', f'{self._v3}/projects/{project}/users/{user}/roles/{role}')

    def _catalog(self):
        url = self._settings.url
        entries = [('glance', 'image', url('glance')), ('placement', 'placement', url('placement')),
                   ('nova', 'compute', url('nova') + '/v2.1'),
                   ('neutron', 'network', url('neutron'))]
        if self._settings.knobs.cinder:
            entries.append(('cinderv3', 'volumev3', url('cinder') + '/v3/%(project_id)s'))
        have = {(e['service_id'], e['interface'])
                for e in self._admin.get(f'{self._v3}/endpoints')['endpoints']}
        for name, kind, where in entries:
            service = self._admin.named(f'{self._v3}/services', 'service', name, type=kind)['id']
            for interface in ('public', 'internal', 'admin'):
                if (service, interface) not in have:
                    self._admin.send('POST', f'{self._v3}/endpoints', {'endpoint': {
                        'service_id': service, 'interface': interface, 'url': where,
                        'region_id': REGION}})

    def contents(self):
        """All else. Ends when nova-compute is there."""
        demo = Rest(self._settings.url('keystone'), 'controller', PASSWORD, 'demo')
        found = {'demo_project_id': demo.project_id, 'image_id': self._image()}
        self._flavors()
        found.update(self._networks(demo))
        self._wait_for_computes()
        found['credential'] = self._credential(demo)
        write_whole(self._settings.state / 'bed.json', json.dumps(found, indent=1))
        write_whole(self._settings.state / 'clouds.yaml',  # JSON is YAML
                    json.dumps(self._clouds(found['credential']), indent=1))

    def _image(self):
        images = self._settings.url('glance') + '/v2/images'
        for image in self._admin.get(f'{images}?name=dummy')['images']:
            if image['status'] == 'active':
                return image['id']
            self._admin.send('DELETE', f"{images}/{image['id']}")
        made = self._admin.send('POST', images, {
            'name': 'dummy', 'disk_format': 'raw', 'container_format': 'bare',
            'visibility': 'public', 'os_distro': 'debian', 'os_version': '12'}).json()
        self._admin.send('PUT', f"{images}/{made['id']}/file", data=bytes(1 << 20),
                         headers={'Content-Type': 'application/octet-stream'})
        return made['id']

    def _flavors(self):
        flavors = self._settings.url('nova') + '/v2.1/flavors'
        have = {flavor['id'] for flavor in self._admin.get(flavors)['flavors']}
        for name, number, processors, memory, disk in FLAVORS:
            if number not in have:
                self._admin.send('POST', flavors, {'flavor': {
                    'name': name, 'id': number, 'vcpus': processors, 'ram': memory,
                    'disk': disk}})

    def _networks(self, demo):
        """`private` with fixed addresses, `storage` beside it, and `public` for floating ones."""
        v2 = self._settings.url('neutron') + '/v2.0'
        knobs = self._settings.knobs
        private = self._network('private', knobs.private_cidr, project_id=demo.project_id)
        storage = self._network('storage', '127.12.0.0/24', project_id=demo.project_id)
        public = self._network('public', knobs.public_cidr, **{
            'router:external': True, 'provider:network_type': 'flat',
            'provider:physical_network': 'public', 'project_id': self._admin.project_id})
        router = self._admin.named(f'{v2}/routers', 'router', 'edge', project_id=demo.project_id,
                                   external_gateway_info={'network_id': public[0]})
        self._admin.send('PUT', f"{v2}/routers/{router['id']}/add_router_interface",
                         {'subnet_id': private[1]}, accept=(400, 409))  # it is there
        groups = self._admin.get(f'{v2}/security-groups?name=default'
                                 f'&project_id={demo.project_id}')['security_groups']
        demo.send('POST', f'{v2}/security-group-rules', {'security_group_rule': {
            'security_group_id': groups[0]['id'], 'direction': 'ingress', 'ethertype': 'IPv4'}},
            accept=(409,))
        return {'network_id': private[0], 'subnet_id': private[1], 'storage_network_id': storage[0],
                'public_network_id': public[0], 'security_group_id': groups[0]['id']}

    def _network(self, name, cidr, **more):
        v2 = self._settings.url('neutron') + '/v2.0'
        network = self._admin.named(f'{v2}/networks', 'network', name, **more)['id']
        block = ipaddress.ip_network(cidr)
        # The last addresses are this machine's, as guests see it.
        pool = {'start': str(block[10]), 'end': str(block[-10])}
        subnet = self._admin.named(
            f'{v2}/subnets', 'subnet', name, network_id=network, ip_version=4, cidr=cidr,
            enable_dhcp=False, allocation_pools=[pool], project_id=more['project_id'])['id']
        return network, subnet

    def _wait_for_computes(self):
        url = self._settings.url('nova') + '/v2.1/os-services?binary=nova-compute'
        until = time.monotonic() + 300
        while True:
            try:
                up = [s for s in self._admin.get(url)['services'] if s['state'] == 'up']
            except Refused:
                up = []
            if len(up) >= self._settings.knobs.computes:
                return
            if time.monotonic() > until:
                raise NotReady(f'nova-compute did not report itself; see {self._settings.log}')
            time.sleep(0.3)

    def _credential(self, demo):
        file = self._settings.state / 'credential.json'
        if file.exists():
            return json.loads(file.read_text())
        made = demo.send('POST', f'{self._v3}/users/{demo.user_id}/application_credentials', {
            'application_credential': {'name': f'controller-{int(time.time())}',
                                       'roles': [{'name': 'member'}]}}).json()
        credential = {key: made['application_credential'][key] for key in ('id', 'secret')}
        write_whole(file, json.dumps(credential))
        return credential

    def _clouds(self, credential):
        def cloud(auth, **more):
            return {'region_name': REGION, 'interface': 'public', 'identity_api_version': 3,
                    'auth': {'auth_url': self._v3, **auth}, **more}

        def account(user, project):
            return cloud({'username': user, 'password': PASSWORD, 'project_name': project,
                          'user_domain_id': 'default', 'project_domain_id': 'default'})
        return {'clouds': {
            'admin': account('admin', 'admin'), 'demo': account('controller', 'demo'),
            'demo-appcred': cloud({'application_credential_id': credential['id'],
                                   'application_credential_secret': credential['secret']},
                                  auth_type='v3applicationcredential')}}
