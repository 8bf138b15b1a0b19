#!/usr/bin/python3
"""The life of a Service on real OpenStack services, with a real Prometheus: one story in steps.

    system_test.py --state FOLDER --programs build/ci/bin [--small]

The bed in FOLDER must be up. Every step ends with the same question: has the cloud exactly the servers
and ports that were asked for? The last line counts the steps; after a failed step the story ends, but
for the deletion.
"""

import argparse
import pathlib
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))

from fleet import Fleet, wait_for  # noqa: E402
from product import Product, bed_program  # noqa: E402
from services import Services  # noqa: E402
from settings import Settings  # noqa: E402

PATIENCE = 300  # seconds; a loaded machine builds a server in ten times what an idle one needs


class Story:
    def __init__(self, settings, programs, size):
        self.settings = settings
        self.product = Product(settings, programs)
        self.fleet = Fleet(settings)
        self.size = size
        self.figures = []

    # What must hold at the end of a step.

    def problem(self, count, service='web'):
        """'' if the Service is complete and monitored, and the cloud has just its servers and ports."""
        status = self.product.service_status(service)
        for field in ('replicas', 'readyReplicas', 'monitoredReplicas', 'updatedReplicas'):
            if status.get(field, 0) != count:
                return f'{field} is {status.get(field, 0)} of {count}; ' + '; '.join(
                    self.product.condition('instances', i['metadata']['name'], 'Ready')[:90]
                    for i in self.product.instances(service)[:12]
                    if 'True' not in self.product.condition(
                        'instances', i['metadata']['name'], 'Ready')[:5])
        recorded = set(self.servers(service))
        servers = {s['id']: s['status'] for s in self.fleet.servers()}
        if set(servers) != recorded or set(servers.values()) - {'ACTIVE'}:
            return f'the cloud has {servers}, recorded are {sorted(recorded)}'
        ports = {p['device_id'] for p in self.fleet.ports()}
        if ports != recorded or len(self.fleet.ports()) != count:
            return f'{len(self.fleet.ports())} ports, for {len(ports)} servers'
        up = self.product.query('up{service="%s"} == 1' % service)
        found = {series['instance_id'] for series, _ in up}
        return '' if found == recorded else f'Prometheus sees {len(found)} of {count} up'

    def complete(self, count, service='web'):
        took = wait_for(f'{count} servers, monitored', PATIENCE, lambda: self.problem(count, service))
        # Late effects would show now: what was complete stays so.
        time.sleep(2)
        still = self.problem(count, service)
        if still:
            raise AssertionError(f'complete, but two seconds later: {still}')
        return took

    def cpu_seconds(self):
        services = Services(self.settings)
        return sum(services.daemon(name).cpu_seconds() for name in services.names())

    def servers(self, service='web'):
        found = (i.get('status', {}).get('server', {}).get('id')
                 for i in self.product.instances(service))
        return [server for server in found if server]

    # The steps.

    def the_cloud_is_verified(self):
        self.product.start()
        self.product.apply_basics()
        for kind, name in (('clouds', 'real'), ('metricsbackends', 'main')):
            wait_for(f'{kind} ready', 90, lambda kind=kind, name=name: '' if
                     self.product.condition(kind, name, 'Ready').startswith('True') else
                     self.product.condition(kind, name, 'Ready'))

    def a_fleet_is_created(self):
        started, used = time.monotonic(), self.cpu_seconds()
        self.product.apply_service('web', self.size)
        asked = wait_for('all creates', PATIENCE, lambda: '' if len(self.fleet.servers()) >= self.size
                         else f'{len(self.fleet.servers())} of {self.size} are asked for')
        active = wait_for('all ACTIVE', PATIENCE, lambda: '' if all(
            s['status'] == 'ACTIVE' for s in self.fleet.servers()) else 'some still build')
        self.complete(self.size)
        self.figures.append(f'{self.size} servers: last create after {asked:.1f} s, last ACTIVE after '
                            f'{asked + active:.1f} s, all monitored after '
                            f'{time.monotonic() - started:.1f} s; the services used '
                            f'{self.cpu_seconds() - used:.0f} s of CPU')
        kinds = [guest['kind'] for guest in self.fleet.guests().values()]
        expected = min(self.settings.knobs.containers, self.size)
        if kinds.count('container') != expected:
            raise AssertionError(f'{kinds.count("container")} of {expected} guests are containers')

    def a_deleted_server_is_replaced(self):
        victim = self.servers()[0]
        self.fleet.delete(victim)
        wait_for('it is noticed', PATIENCE,
                 lambda: 'it is still recorded' if victim in self.servers() else '')
        self.complete(self.size)

    def what_others_change_is_put_back(self):
        server = self.servers()[0]
        before = self.fleet.identity(server)
        port = before['ports'][0][0]
        changes = (
            lambda: self.fleet.rename(server, 'mine-now'),
            lambda: self.fleet.drop_metadata(server, 'clickdeploy_service'),
            lambda: self.fleet.set_metadata(server, 'clickdeploy_claim', 'not-yours'),
            lambda: self.fleet.set_metadata(server, 'team', 'other'),
            lambda: self.fleet.drop_tags(server),
            lambda: self.fleet.change_port(port, allowed_address_pairs=[{'ip_address': '10.9.9.9'}]),
        )
        for change in changes:
            change()
            if self.fleet.identity(server) == before:
                raise AssertionError('nothing was changed')
            wait_for('it is as it was', PATIENCE, lambda: '' if self.fleet.identity(server) == before
                     else str(self.fleet.identity(server)))
        self.fleet.set_metadata(server, 'colour', 'blue')  # somebody's own
        self.complete(self.size)
        if self.fleet.server(server)['metadata'].get('colour') != 'blue':
            raise AssertionError('what somebody else keeps in the metadata is gone')

    def a_resized_server_is_told_of(self):
        server = self.servers()[-1]
        name = next(i['metadata']['name'] for i in self.product.instances('web')
                    if i['status']['server'].get('id') == server)
        self.fleet.act(server, 'resize', {'flavorRef': self.fleet.flavor('m1.small')})
        wait_for('it is resized', PATIENCE, lambda: '' if self.fleet.status(server) == 'VERIFY_RESIZE'
                 else self.fleet.status(server))
        self.fleet.act(server, 'confirmResize')
        # Nova answers a delete with 500 while it still confirms.
        wait_for('the resize is confirmed', PATIENCE, lambda: '' if
                 self.fleet.status(server) == 'ACTIVE' else self.fleet.status(server))

        def told():
            text = self.product.condition('instances', name, 'UpToDate')
            return '' if text.startswith('False Drifted') and 'm1.small' in text else text
        wait_for('it is told', PATIENCE, told)
        if server not in self.servers():
            raise AssertionError('it was replaced')
        self.fleet.delete(server)  # what the message asks of a person
        wait_for('it is noticed', PATIENCE,
                 lambda: 'it is still recorded' if server in self.servers() else '')
        self.complete(self.size)

    def metadata_change_in_place(self):
        before = set(self.servers())
        self.product.apply_service('web', self.size, team='payments')
        wait_for('all have it', PATIENCE, lambda: '' if all(
            s['metadata'].get('team') == 'payments' for s in self.fleet.servers()) else 'some have not')
        self.complete(self.size)
        if set(self.servers()) != before:
            raise AssertionError('servers were replaced')

    def a_stopped_server_is_respected(self):
        victim = self.servers()[-1]
        self.fleet.act(victim, 'os-stop')
        wait_for('its target goes', PATIENCE, lambda: '' if len(self.product.targets()) ==
                 self.size - 1 else f'{len(self.product.targets())} targets')
        time.sleep(12)  # longer than a silent agent is borne
        if self.fleet.status(victim) != 'SHUTOFF':
            raise AssertionError(f'the stopped server is {self.fleet.status(victim)}')
        self.fleet.act(victim, 'os-start')
        self.complete(self.size)

    def a_dead_agent_is_rebooted(self):
        processes = [server for server in self.servers()
                     if self.fleet.guests()[server]['kind'] == 'process']
        victim = processes[0]
        self.fleet.kill_agent(victim)
        wait_for('it is dead', PATIENCE,
                 lambda: 'it runs' if victim in self.fleet.guests() else '')
        wait_for('the agent runs again', PATIENCE,
                 lambda: '' if victim in self.fleet.guests() else 'no process')
        self.complete(self.size)
        if victim not in self.servers():
            raise AssertionError('a reboot would have helped, and it was replaced')

    def a_smaller_fleet(self):
        self.size = max(2, self.size // 2)
        self.product.scale('web', self.size)
        self.complete(self.size)

    def a_rollout_replaces_all(self):
        before = set(self.servers())
        self.product.apply_service('web', self.size, version='2', team='payments')
        least = self.size

        def problem():
            nonlocal least
            least = min(least, self.product.service_status('web').get('availableReplicas', 0))
            return 'old servers are left' if before & set(self.servers()) else self.problem(self.size)
        wait_for('the rollout', 2 * PATIENCE, problem)
        if least < self.size:
            raise AssertionError(f'only {least} were available at some time')

    def nova_compute_dies_while_servers_build(self):
        self.fleet.faults(spawn={'seconds': 4})
        self.size += 2
        self.product.scale('web', self.size)
        wait_for('a build', PATIENCE, lambda: '' if any(
            s['OS-EXT-STS:task_state'] == 'spawning' for s in self.fleet.servers())
            else 'nothing is spawning')
        bed_program(self.settings, 'kill', 'nova-compute1')
        self.fleet.faults()
        time.sleep(10)
        bed_program(self.settings, 'start', 'nova-compute1')
        self.complete(self.size)

    def nova_api_dies_while_servers_are_asked_for(self):
        self.size += 2
        before = len(self.fleet.servers())
        self.product.scale('web', self.size)
        wait_for('the first create', PATIENCE, lambda: '' if len(self.fleet.servers()) > before
                 else 'none is asked for')
        bed_program(self.settings, 'kill', 'nova-api')
        time.sleep(5)
        bed_program(self.settings, 'start', 'nova-api')
        self.complete(self.size)

    def we_die_while_servers_are_asked_for(self):
        self.size += 2
        before = len(self.fleet.servers())
        self.product.scale('web', self.size)
        wait_for('the first create', PATIENCE, lambda: '' if len(self.fleet.servers()) > before
                 else 'none is asked for')
        self.product.kill_daemon()
        self.product.start_daemon()
        self.complete(self.size)

    def keystone_is_away(self):
        recorded = set(self.servers())
        bed_program(self.settings, 'stop', 'keystone')
        time.sleep(20)
        bed_program(self.settings, 'start', 'keystone')
        self.complete(self.size)
        if set(self.servers()) != recorded:
            raise AssertionError('servers were changed because Keystone was away')

    def neutron_is_away(self):
        recorded = set(self.servers())
        bed_program(self.settings, 'kill', 'neutron')
        self.product.scale('web', self.size + 1)
        time.sleep(15)
        bed_program(self.settings, 'start', 'neutron')
        self.size += 1
        self.complete(self.size)
        if not recorded <= set(self.servers()):
            raise AssertionError('servers were changed because Neutron was away')

    def tokens_end_early(self):
        """All tokens are forgotten at once, as when a cloud replaces its keys in a hurry."""
        bed_program(self.settings, 'forget-tokens')
        self.size += 1
        self.product.scale('web', self.size)
        self.complete(self.size)

    def the_quota_is_full(self):
        self.fleet.set_quota(self.size + 1)
        self.product.scale('web', self.size + 3)

        def told():
            texts = [self.product.condition('instances', i['metadata']['name'], 'InfrastructureReady')
                     for i in self.product.instances('web')]
            full = [text for text in texts if 'QuotaExceeded' in text and
                    'Quota exceeded for instances' in text]
            return '' if len(full) == 2 else f'{len(full)} Instances tell of the quota: {texts[-1]}'
        wait_for('the quota is told', PATIENCE, told)
        if len(self.fleet.servers()) > self.size + 1:
            raise AssertionError(f'{len(self.fleet.servers())} servers')
        self.fleet.set_quota(-1)
        self.size += 3
        self.complete(self.size)

    def no_host_has_room(self):
        self.product.apply_service('huge', 1, flavor='m1.huge')

        def told():
            texts = [self.product.condition('instances', i['metadata']['name'], 'InfrastructureReady')
                     for i in self.product.instances('huge')]
            return '' if any('No valid host was found' in text for text in texts) else str(texts)
        wait_for('the cause is told', PATIENCE, told)
        time.sleep(5)
        extra = len(self.fleet.servers()) - self.size
        if extra > 1:
            raise AssertionError(f'{extra} servers for one that fits nowhere')
        self.product.clickctl('delete', 'csvc/huge', '--timeout=240s')
        self.complete(self.size)

    def servers_boot_from_volumes(self):
        self.product.apply_service('disks', 1, volumes='[{name: data, sizeGiB: 1}]',
                                   root='rootVolume: {sizeGiB: 2}')

        def problem():
            servers = self.servers('disks')
            if len(servers) != 1:
                return f'{len(servers)} servers'
            found = {v['name'].split('-', 3)[-1]: (v['status'], [a['server_id'] for a in v['attachments']])
                     for v in self.fleet.volumes()}
            wanted = {'root': ('in-use', servers), 'volume-data': ('in-use', servers)}
            ready = self.product.condition(
                'instances', self.product.instances('disks')[0]['metadata']['name'], 'UpToDate')
            return '' if found == wanted and ready.startswith('True') else f'{found}, {ready[:120]}'
        wait_for('a server with two volumes', PATIENCE, problem)
        before = {v['name']: v['id'] for v in self.fleet.volumes()}
        data = next(id for name, id in before.items() if name.endswith('-data'))
        self.fleet.detach(self.servers('disks')[0], data)
        wait_for('it is detached', 60, lambda: '' if problem() else 'it is still there')
        wait_for('it is attached again', PATIENCE, problem)
        victim = self.servers('disks')[0]
        self.fleet.delete(victim)
        wait_for('another server', PATIENCE, lambda: 'it is still recorded'
                 if victim in self.servers('disks') else problem())
        after = {v['name']: v['id'] for v in self.fleet.volumes()}
        if after.keys() != before.keys() or [n for n in before if before[n] == after[n]] != [
                n for n in before if n.endswith('-data')]:
            raise AssertionError(f'the volumes were {before} and are {after}')
        self.product.clickctl('delete', 'csvc/disks', '--timeout=240s')
        wait_for('no volume is left', 60, lambda: '' if not self.fleet.volumes()
                 else str([(v['name'], v['status']) for v in self.fleet.volumes()]))
        self.complete(self.size)

    def everything_is_deleted(self):
        self.fleet.faults()
        self.fleet.set_quota(-1)
        self.product.clickctl('delete', 'csvc', '--all', '--timeout=280s')
        wait_for('nothing is left', 60, self.fleet.leftovers)
        wait_for('Prometheus knows no target', 60, lambda: '' if not self.product.targets()
                 else f'{len(self.product.targets())} targets')
        left = self.fleet.guests()
        if left:
            raise AssertionError(f'guests still run: {left}')
        self.product.stop()


SMALL = ('the_cloud_is_verified', 'a_fleet_is_created', 'a_deleted_server_is_replaced',
         'nova_compute_dies_while_servers_build', 'nova_api_dies_while_servers_are_asked_for',
         'everything_is_deleted')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--state', default='build/openstack')
    parser.add_argument('--programs', default='build/ci/bin')
    parser.add_argument('--small', action='store_true', help='fewer servers, only some steps')
    parser.add_argument('--only', nargs='+', metavar='STEP', default=[],
                        help='of the steps between the first two and the last: a_dead_agent_is_rebooted')
    parser.add_argument('--size', type=int, help='servers to begin with')
    args = parser.parse_args()
    story = Story(Settings(args.state), args.programs, args.size or (3 if args.small else 10))
    steps = [name for name, value in vars(Story).items()
             if callable(value) and not name.startswith('_')
             and name not in ('problem', 'complete', 'servers', 'cpu_seconds')]
    if args.small:
        steps = [name for name in steps if name in SMALL]
    if args.only:
        steps = steps[:2] + [name for name in steps[2:-1] if name in args.only] + steps[-1:]
    passed, failed = 0, []
    for name in steps:
        if failed and name != steps[-1]:
            continue
        started = time.monotonic()
        print(f'[ RUN  ] {name.replace("_", " ")}', flush=True)
        try:
            getattr(story, name)()
            passed += 1
            verdict = '  OK  '
        except Exception:
            traceback.print_exc(file=sys.stdout)
            failed.append(name)
            verdict = 'FAILED'
        print(f'[{verdict}] {name.replace("_", " ")}: {time.monotonic() - started:.1f} s', flush=True)
    story.product.stop()
    for figure in story.figures:
        print(figure)
    missed = len(steps) - passed
    if failed:
        print(f"clickdeployd's log: {story.product.log()}")
    print(f'{passed} steps passed, {missed} failed')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
