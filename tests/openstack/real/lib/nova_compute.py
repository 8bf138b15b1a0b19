"""nova-compute whose servers are guests of the bed.

Nova's own fake driver, and for each server a file in guests/wanted that says what should run; the
program `guests` makes it so. Apart from nova-compute, so that guests outlive its death.

faults.json in the bed's folder, read before each operation, makes some fail or take long:

    {"spawn": {"seconds": 5, "fail": 0.1}, "reboot": {…}, "destroy": {…}, "match": "web-"}

`match`: only servers whose names start so.
"""

import base64
import json
import os
import pathlib
import random
import sys
import time

from nova import context as nova_context
from nova import exception, objects
from nova.cmd import compute
from nova.compute import power_state
from nova.scheduler.client import report
from nova.virt import fake

STATE = pathlib.Path(os.environ['BED_STATE'])
WANTED = STATE / 'guests' / 'wanted'
CONSOLE_BYTES = 64 * 1024


def _read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def _fault(operation, instance):
    faults = _read(STATE / 'faults.json')
    if not (instance.display_name or '').startswith(faults.get('match', '')):
        return
    fault = faults.get(operation, {})
    time.sleep(float(fault.get('seconds', 0)))
    if random.random() < float(fault.get('fail', 0)):
        raise exception.NovaException(f'the bed was told to fail this {operation}')


def _address(network_info):
    for vif in network_info or ():
        for address in vif.fixed_ips():
            return address['address']
    return ''


def _write(instance, **changes):
    WANTED.mkdir(parents=True, exist_ok=True)
    path = WANTED / f'{instance.uuid}.json'
    guest = {**_read(path), **changes}
    new = path.with_suffix('.new')
    new.write_text(json.dumps(guest))
    new.replace(path)


class GuestDriver(fake.FakeDriver):
    vcpus = 100_000
    memory_mb = 64_000_000
    local_gb = 6_000_000

    def init_host(self, host):
        super().init_host(host)
        # What runs outlives this process, as under a real hypervisor.
        context = nova_context.get_admin_context()
        for instance in objects.InstanceList.get_by_host(context, host):
            if (WANTED / f'{instance.uuid}.json').exists():
                on = _read(WANTED / f'{instance.uuid}.json').get('on')
                state = power_state.RUNNING if on else power_state.SHUTDOWN
                self.instances[instance.uuid] = fake.FakeInstance(
                    instance.name, state, instance.uuid)

    def spawn(self, context, instance, image_meta, injected_files, admin_password, allocations,
              network_info=None, block_device_info=None, power_on=True, accel_info=None):
        _fault('spawn', instance)
        super().spawn(context, instance, image_meta, injected_files, admin_password, allocations,
                      network_info, block_device_info, power_on, accel_info)
        text = base64.b64decode(instance.user_data or '').decode(errors='replace')
        _write(instance, id=instance.uuid, name=instance.display_name, on=power_on, boots=1,
               address=_address(network_info), userData=text, disk=time.time_ns())

    def destroy(self, context, instance, *args, **kwargs):
        _fault('destroy', instance)
        super().destroy(context, instance, *args, **kwargs)
        (WANTED / f'{instance.uuid}.json').unlink(missing_ok=True)

    def reboot(self, context, instance, *args, **kwargs):
        _fault('reboot', instance)
        if instance.uuid not in self.instances:  # a build that ended in ERROR
            self.instances[instance.uuid] = fake.FakeInstance(
                instance.name, power_state.RUNNING, instance.uuid)
        self._power(instance, power_state.RUNNING)

    def power_off(self, instance, *args, **kwargs):
        super().power_off(instance, *args, **kwargs)
        self._power(instance, power_state.SHUTDOWN)

    def power_on(self, context, instance, *args, **kwargs):
        super().power_on(context, instance, *args, **kwargs)
        self._power(instance, power_state.RUNNING)

    def pause(self, instance):
        self._power(instance, power_state.PAUSED)

    def unpause(self, instance):
        self._power(instance, power_state.RUNNING)

    def suspend(self, context, instance):
        self._power(instance, power_state.SUSPENDED)

    def resume(self, context, instance, *args, **kwargs):
        self._power(instance, power_state.RUNNING)

    def get_console_output(self, context, instance):
        try:
            log = (STATE / 'guests' / instance.uuid / 'console.log').read_bytes()
        except OSError:
            log = b''
        return log[-CONSOLE_BYTES:]

    # A guest that is paused or suspended is off to whoever looks from outside.
    def _power(self, instance, state):
        self.instances[instance.uuid].state = state
        on = state == power_state.RUNNING
        boots = _read(WANTED / f'{instance.uuid}.json').get('boots', 0)
        _write(instance, on=on, boots=boots + 1 if on else boots)


fake.GuestDriver = GuestDriver
# Asked for every server of the host at every build, and of use only to drivers that move devices
# between providers: with it the time for a fleet grows with its square.
report.SchedulerReportClient.get_allocations_for_provider_tree = lambda self, context, node: {}

if __name__ == '__main__':
    sys.argv[0] = 'nova-compute'
    compute.main()
