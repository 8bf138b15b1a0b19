"""The database server's folder and the services' tables, made once for each bed."""

import getpass
import grp
import os
import shutil
import subprocess
import threading

from settings import PASSWORD, REGION
from services import NotReady, say

NAMES = ('keystone', 'placement', 'glance', 'nova_api', 'nova_cell0', 'nova', 'neutron', 'cinder')


class Schemas:
    def __init__(self, settings, services):
        self._settings = settings
        self._services = services

    def make_server_folder(self):
        folder = self._settings.data / 'mariadb'
        if folder.exists():
            return
        new = self._settings.data / 'mariadb.new'
        shutil.rmtree(new, ignore_errors=True)
        self._run('mariadb-install', 'mariadb-install-db', '--no-defaults', f'--datadir={new}',
                  f'--user={getpass.getuser()}', '--auth-root-authentication-method=normal',
                  '--skip-test-db', '--skip-name-resolve')
        new.rename(folder)

    def server_answers(self):
        return self._sql('select 1').returncode == 0

    def make_databases(self):
        text = ''.join(f'create database if not exists {name} character set utf8mb3;'
                       for name in NAMES)
        account = "openstack@'127.0.0.0/255.0.0.0'"
        text += f"create user if not exists {account} identified by '{PASSWORD}';"
        text += f'grant all on *.* to {account};'
        done = self._sql(text)
        if done.returncode:
            raise NotReady(f'mariadb: {done.stderr}')

    def make_tables(self):
        """Two chains of migrations at a time: one for each processor that may be there."""
        chains = ((self._keystone, self._placement, self._nova),
                  (self._neutron, self._glance, self._cinder))
        problems = []

        def run(chain):
            try:
                for step in chain:
                    self._once(step)
            except Exception as problem:  # told by the thread that waits
                problems.append(problem)
        threads = [threading.Thread(target=run, args=(chain,)) for chain in chains]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]

    def _once(self, step):
        name = step.__name__.strip('_')
        mark = self._settings.data / f'tables-of-{name}'
        if mark.exists() or (name == 'cinder' and not self._settings.knobs.cinder):
            return
        step()
        mark.touch()
        say(f'tables of {name}')

    def _run(self, log, *words, accept=(0,)):
        path = self._settings.log / f'{log}.log'
        with open(path, 'ab') as out:
            done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=out, cwd=self._settings.state,
                                  env=self._services.environment())
        if done.returncode not in accept:
            raise NotReady(f'{words[0]} failed ({done.returncode}), see {path}')

    def _sql(self, text):
        return subprocess.run(
            ['mariadb', '--no-defaults', '-h', self._settings.knobs.address, '-u', 'root',
             '-P', str(self._settings.port('mariadb')), '-e', text],
            capture_output=True, text=True, env=self._services.environment())

    def _manage(self, program, *words, **more):
        self._run(f'tables-{program}', program, *words, **more)

    def _keystone_manage(self, *words):
        self._manage('keystone-manage', '--config-file',
                     self._settings.etc / 'keystone' / 'keystone.conf',
                     '--config-dir', self._settings.etc / 'empty', *words)

    def _keystone_keys(self, kind):
        folder = self._settings.data / 'keystone' / kind
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._keystone_manage(f'{kind}_setup', '--keystone-user', getpass.getuser(),
                              '--keystone-group', grp.getgrgid(os.getgid()).gr_name)

    def renew_token_keys(self):
        shutil.rmtree(self._settings.data / 'keystone' / 'fernet')
        self._keystone_keys('fernet')

    def _keystone(self):
        self._keystone_manage('db_sync')
        self._keystone_keys('fernet')
        self._keystone_keys('credential')
        url = self._settings.url('keystone') + '/v3'
        self._keystone_manage('bootstrap', '--bootstrap-password', PASSWORD,
                              '--bootstrap-region-id', REGION, '--bootstrap-public-url', url,
                              '--bootstrap-internal-url', url, '--bootstrap-admin-url', url)

    def _placement(self):
        self._manage('placement-manage', '--config-file',
                     self._settings.etc / 'placement' / 'placement.conf',
                     '--config-dir', self._settings.etc / 'empty', 'db', 'sync')

    def _nova(self):
        files = self._services.files('nova.conf', 'nova-db.conf')
        self._manage('nova-manage', *files, 'api_db', 'sync')
        self._manage('nova-manage', *files, 'cell_v2', 'map_cell0')
        self._manage('nova-manage', *files, 'cell_v2', 'create_cell', '--name', 'cell1',
                     accept=(0, 2))  # 2: it is there
        self._manage('nova-manage', *files, 'db', 'sync')

    def discover_hosts(self):
        mark = self._settings.data / f'hosts-{self._settings.knobs.computes}'
        if mark.exists():
            return
        self._manage('nova-manage', *self._services.files('nova.conf', 'nova-db.conf'),
                     'cell_v2', 'discover_hosts')
        mark.touch()

    def _neutron(self):
        self._manage('neutron-db-manage', *self._services.files('neutron.conf'),
                     'upgrade', 'heads')

    def _glance(self):
        self._manage('glance-manage', *self._services.files('glance.conf'), 'db_sync')

    def _cinder(self):
        self._manage('cinder-manage', *self._services.files('cinder.conf'), 'db', 'sync')
