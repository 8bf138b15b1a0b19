"""What a bed is made with: its folder, address, ports and knobs.

The knobs of the first `up` are kept in the folder, so later commands need only the folder.
"""

import dataclasses
import json
import os
import pathlib

REGION = 'RegionOne'
PASSWORD = 'openstack'  # of every account; the bed listens on the loopback only

# Above these a second bed adds its `port_shift`.
PORTS = {
    'keystone': 5000, 'cinder': 8776, 'nova': 8774, 'placement': 8778, 'glance': 9292,
    'neutron': 9696, 'memcached': 11211, 'mariadb': 13306, 'epmd': 14369, 'rabbitmq': 15671,
    'rabbitmq-cluster': 15672,
}


@dataclasses.dataclass
class Knobs:
    address: str = '127.77.0.1'  # where everything listens
    port_shift: int = 0
    token_seconds: int = 3600  # how long a token lives
    quota_instances: int = -1
    computes: int = 1  # nova-compute processes, one host each
    containers: int = 0  # so many guests at a time boot with cloud-init, the others are processes
    rootfs: str = ''  # what containers boot from (scripts/build-guest-rootfs)
    cinder: bool = True
    private_cidr: str = '127.10.0.0/16'  # fixed addresses: guests listen there
    public_cidr: str = '127.11.0.0/24'  # floating addresses


class Settings:
    """Paths, ports and knobs of the bed in one folder."""

    def __init__(self, folder, given=None):
        self.state = pathlib.Path(folder).resolve()
        self.etc = self.state / 'etc'
        self.data = self.state / 'data'
        self.log = self.state / 'log'
        self.run = self.state / 'run'
        self.guests = self.state / 'guests'
        self._file = self.state / 'settings.json'
        known = {}
        if self._file.exists():
            known = json.loads(self._file.read_text())
        known.update({k: v for k, v in (given or {}).items() if v is not None})
        self.knobs = Knobs(**known)
        if not self.knobs.address.startswith('127.'):
            raise SystemExit(f'bed: the address must be in 127.0.0.0/8, not {self.knobs.address}')

    def save(self):
        for folder in (self.state, self.etc, self.data, self.log, self.run, self.guests):
            folder.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        write_whole(self._file, json.dumps(dataclasses.asdict(self.knobs), indent=1))

    def port(self, name):
        return PORTS[name] + self.knobs.port_shift

    def url(self, name):
        return f'http://{self.knobs.address}:{self.port(name)}'


def write_whole(path, text, mode=0o600):
    """Readers see the old file or the new one, never a part."""
    new = f'{path}.new'
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'w') as file:
        file.write(text)
    os.replace(new, path)
