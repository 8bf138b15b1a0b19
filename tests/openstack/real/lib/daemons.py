"""Starts and stops daemons by pid files, and never touches a process that it did not start.

Each daemon leads a session of its own and works in the bed's folder. Its pid file holds the leader's
pid and start time; a process is the bed's only if it is in that session and in that folder.
"""

import os
import pathlib
import signal
import subprocess
import time


def _stat(pid):
    """(state, session, start time) of a process, or None."""
    try:
        text = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return None
    fields = text.rpartition(')')[2].split()
    return fields[0], int(fields[3]), int(fields[19])


class Daemon:
    def __init__(self, settings, name):
        self.name = name
        self._settings = settings
        self._pid_file = settings.run / f'{name}.pid'
        self.log = settings.log / f'{name}.log'

    def _recorded(self):
        try:
            pid, started = self._pid_file.read_text().split()
            return int(pid), int(started)
        except (OSError, ValueError):
            return None

    @property
    def pid(self):
        recorded = self._recorded()
        return recorded[0] if recorded else None

    def is_up(self):
        recorded = self._recorded()
        if not recorded:
            return False
        now = _stat(recorded[0])
        return bool(now) and now[0] not in 'ZX' and now[2] == recorded[1]

    def members(self):
        """Live processes of the daemon's session, the leader among them."""
        recorded = self._recorded()
        if not recorded:
            return []
        leader, started = recorded
        now = _stat(leader)
        if now and now[2] != started:
            return []  # the pid belongs to somebody else by now
        found = []
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            stat = _stat(entry)
            if not stat or stat[0] in 'ZX' or stat[1] != leader or stat[2] < started:
                continue
            try:
                folder = pathlib.Path(os.readlink(f'/proc/{entry}/cwd'))
            except OSError:
                continue
            if folder == self._settings.state or self._settings.state in folder.parents:
                found.append(int(entry))
        return found

    def cpu_seconds(self):
        """What its live processes and their ended children have used."""
        ticks = 0
        for pid in self.members():
            try:
                text = pathlib.Path(f'/proc/{pid}/stat').read_text()
            except OSError:
                continue
            ticks += sum(int(field) for field in text.rpartition(')')[2].split()[11:15])
        return ticks / os.sysconf('SC_CLK_TCK')

    def signal(self, number):
        for pid in self.members():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def signal_leader(self, number):
        if self.is_up():
            os.kill(self.pid, number)

    def start(self, argv, environment):
        if self.is_up():
            return False
        self.signal(signal.SIGKILL)  # what a killed leader left would keep the port
        with open(self.log, 'ab') as log:
            process = subprocess.Popen(
                [str(word) for word in argv], cwd=self._settings.state, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        stat = _stat(process.pid)
        self._pid_file.write_text(f'{process.pid} {stat[2] if stat else 0}\n')
        return True

    def stop(self, seconds=10):
        """Asks the leader to end; what is left after that time, or after its end, is killed."""
        self.signal(signal.SIGCONT)
        if self.is_up():
            self.signal_leader(signal.SIGTERM)
            until = time.monotonic() + seconds
            while self.is_up() and time.monotonic() < until:
                _reap()
                time.sleep(0.05)
        self.kill()
        self._pid_file.unlink(missing_ok=True)

    def kill(self):
        self.signal(signal.SIGKILL)
        until = time.monotonic() + 5
        while self.members() and time.monotonic() < until:
            _reap()
            time.sleep(0.02)

    def last_words(self, size=1500):
        try:
            return self.log.read_text(errors='replace')[-size:]
        except OSError:
            return ''


def _reap():
    """Ended children of this very process would stay visible as zombies."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
