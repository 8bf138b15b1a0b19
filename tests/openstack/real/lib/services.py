"""The bed's daemons: how each is started, and when it counts as ready."""

import ipaddress
import os
import pathlib
import socket
import sys
import time
import urllib.error
import urllib.request

from daemons import Daemon

HERE = pathlib.Path(__file__).resolve().parent.parent
PYTHON = '/usr/bin/python3'
GUESTS = 'openstack_guests'  # our program; the build makes it


class NotReady(Exception):
    pass


class Services:
    """All daemons of one bed, by name and in the order of their start."""

    def __init__(self, settings):
        self.settings = settings
        self._knobs = settings.knobs
        self._commands = {
            'epmd': self._epmd, 'rabbitmq': self._rabbitmq, 'memcached': self._memcached,
            'mariadb': self._mariadb,
            'keystone': lambda: self._uwsgi('keystone', 'keystone-wsgi-public'),
            'placement': lambda: self._uwsgi('placement', 'placement-api'),
            'neutron': lambda: self._python('neutron-server', 'neutron.cmd.eventlet.server',
                                            'neutron.conf'),
            'nova-conductor': lambda: self._nova('conductor'),
            'nova-api': lambda: self._nova('api_os_compute'),
            'nova-scheduler': lambda: self._nova('scheduler'),
            'glance': lambda: self._python('glance-api', 'glance.cmd.api', 'glance.conf'),
        }
        if self._knobs.cinder:
            for part in ('api', 'scheduler', 'volume'):
                self._commands[f'cinder-{part}'] = lambda part=part: self._python(
                    f'cinder-{part}', f'cinder.cmd.{part}', 'cinder.conf')
        for n in range(1, self._knobs.computes + 1):
            self._commands[f'nova-compute{n}'] = lambda n=n: [
                PYTHON, HERE / 'lib' / 'nova_compute.py',
                *self.files('nova.conf', f'compute{n}.conf')]
        self._commands['guests'] = self._guests

    def names(self):
        return list(self._commands)

    def daemon(self, name):
        if name not in self._commands:
            raise SystemExit(f'bed: no daemon {name}; there are: {" ".join(self._commands)}')
        return Daemon(self.settings, name)

    def start(self, *names):
        for name in names:
            self.daemon(name).start(self._commands[name](), self.environment())

    # Where the database commands and the daemons find things.
    def environment(self):
        home = self.settings.state / 'home'
        home.mkdir(exist_ok=True)
        address = self._knobs.address
        return {
            'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': str(home), 'LANG': 'C.UTF-8',
            'PYTHONPATH': str(HERE / 'plugins'), 'PYTHONDONTWRITEBYTECODE': '1',
            'no_proxy': '*', 'BED_STATE': str(self.settings.state),
            'OS_KEYSTONE_CONFIG_DIR': str(self.settings.etc / 'keystone'),
            'OS_PLACEMENT_CONFIG_DIR': str(self.settings.etc / 'placement'),
            'ERL_EPMD_PORT': str(self.settings.port('epmd')), 'ERL_EPMD_ADDRESS': address,
            'RABBITMQ_NODENAME': f'bed{self._knobs.port_shift}@localhost',
            'RABBITMQ_NODE_IP_ADDRESS': address,
            'RABBITMQ_NODE_PORT': str(self.settings.port('rabbitmq')),
            'RABBITMQ_DIST_PORT': str(self.settings.port('rabbitmq-cluster')),
            'RABBITMQ_CONF_ENV_FILE': '/dev/null',
            'RABBITMQ_CONFIG_FILE': str(self.settings.etc / 'rabbitmq.conf'),
            'RABBITMQ_MNESIA_BASE': str(self.settings.data / 'rabbitmq'),
            'RABBITMQ_LOG_BASE': str(self.settings.log / 'rabbitmq-files'),
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(self.settings.etc / 'rabbitmq-plugins'),
            'RABBITMQ_LOGS': '-',
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS':
                '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2',
            # With these the script ends as the Erlang machine instead of waiting for it.
            'RUNNING_UNDER_SYSTEMD': 'true', 'detached': '1', 'RABBITMQ_ALLOW_INPUT': '',
        }

    def files(self, *names):
        words = []
        for name in names:
            words += ['--config-file', self.settings.etc / name]
        return [*words, '--config-dir', self.settings.etc / 'empty']

    def _epmd(self):
        return ['epmd', '-port', self.settings.port('epmd'), '-address', '127.0.0.1']

    def _rabbitmq(self):
        return ['/usr/lib/rabbitmq/bin/rabbitmq-server']

    def _memcached(self):
        as_root = ['-u', 'root'] if os.geteuid() == 0 else []
        return ['memcached', '-l', self._knobs.address, '-p', self.settings.port('memcached'),
                '-U', 0, '-m', 64, *as_root]

    def _mariadb(self):
        user = 'root' if os.geteuid() == 0 else os.environ['USER']
        # A power failure may cost this data.
        return ['mariadbd', '--no-defaults', f'--user={user}',
                f"--datadir={self.settings.data / 'mariadb'}",
                f'--bind-address={self._knobs.address}', f"--port={self.settings.port('mariadb')}",
                '--socket=socket', '--pid-file=pid', '--skip-name-resolve', '--skip-log-bin',
                '--max-connections=1000', '--performance-schema=0',
                '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0',
                '--innodb-buffer-pool-size=256M', '--innodb-log-file-size=64M',
                '--character-set-server=utf8mb4']

    def _uwsgi(self, name, script):
        return ['uwsgi', '--plugin', 'python3', '--master', '--die-on-term', '--lazy-apps',
                '--need-app', '--http-socket', f'{self._knobs.address}:{self.settings.port(name)}',
                '--wsgi-file', f'/usr/bin/{script}', '--processes', 2, '--enable-threads',
                '--thunder-lock', '--buffer-size', 65535, '--listen', 100,
                '--post-buffering', 65536, '--disable-logging', '--add-header',
                'Connection: close']

    # Debian's packages with the programs themselves would also configure and start them.
    def _python(self, program, module, *files):
        code = f'import sys; sys.argv[0] = "{program}"; from {module} import main; main()'
        return [PYTHON, '-c', code, *self.files(*files)]

    def _nova(self, module):
        return self._python('nova-' + module.replace('_', '-'), f'nova.cmd.{module}', 'nova.conf',
                            'nova-db.conf')

    def _guests(self):
        program = self._program(GUESTS)
        options = ['--folder', self.settings.guests]
        if self._knobs.containers:
            here = ipaddress.ip_network(self._knobs.private_cidr)[-2]
            options += ['--containers', self._knobs.containers, '--rootfs', self._knobs.rootfs,
                        '--host-address', here]
        return [program, *options]

    @staticmethod
    def _program(name):
        folder = os.environ.get('BED_PROGRAMS', HERE.parents[2] / 'build' / 'ci' / 'bin')
        path = pathlib.Path(folder) / name
        if not path.exists():
            raise SystemExit(f'bed: {path} is missing: cmake --build --preset ci --target {name}')
        return path.resolve()


def listens(settings, name):
    try:
        socket.create_connection((settings.knobs.address, settings.port(name)), 2).close()
        return True
    except OSError:
        return False


def answers(settings, name, path='/'):
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(settings.url(name) + path, timeout=10).read()
        return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def wait_for(daemon, ready, seconds):
    """Until it is ready. A daemon that has ended will not be."""
    until = time.monotonic() + seconds
    while not ready():
        if not daemon.is_up():
            raise NotReady(f'{daemon.name} has ended; its log ends with:\n{daemon.last_words()}')
        if time.monotonic() > until:
            raise NotReady(f'{daemon.name} is not ready after {seconds} s; its log is '
                           f'{daemon.log}')
        time.sleep(0.2)


def say(text, started=[time.monotonic()]):
    print(f'{time.monotonic() - started[0]:6.1f} s  {text}', flush=True, file=sys.stderr)
