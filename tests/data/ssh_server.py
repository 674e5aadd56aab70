"""A real sshd on loopback, with keys and a configuration of its own; nobody's ~/.ssh is touched."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE_S = 20


def program():
    """Where sshd is, or None; it wants to be started by its whole path."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def must_be_there():
    return os.environ.get("CI") == "true" or os.environ.get("FAULTRUN_REQUIRE_KERNELS") == "1"


def keygen(path):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "faultrun-test", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """One sshd. ``config`` is a client configuration that knows it as ``lab``."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.host_key = folder / "host_key"
        self.user_key = folder / "user_key"
        self.known_hosts = folder / "known_hosts"
        self.config = folder / "ssh_config"
        keygen(self.host_key)
        keygen(self.user_key)
        self.process = None
        self.allow(self.user_key)
        self.know(self.host_key)
        self.write_config()

    def allow(self, key):
        (self.folder / "authorized_keys").write_text(Path(f"{key}.pub").read_text())

    def know(self, key):
        kind, blob = Path(f"{key}.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {blob}\n")

    def write_config(self, **more):
        words = {
            "HostName": "127.0.0.1",
            "Port": self.port,
            "User": self.user,
            "IdentityFile": self.user_key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.known_hosts,
            **more,
        }
        lines = "".join(f"  {key} {value}\n" for key, value in words.items())
        self.config.write_text(f"Host lab 127.0.0.1\n{lines}")

    def start(self):
        settings = self.folder / "sshd_config"
        settings.write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {self.host_key}\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\nStrictModes no\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\nAllowTcpForwarding no\nX11Forwarding no\n"
        )
        if os.geteuid() == 0:
            # Where it locks its unprivileged half in; a package's own scripts make it at boot.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program(), "-D", "-e", "-f", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def sessions(self):
        """The processes of sshd that serve one connection each."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    stat = (folder / "stat").read_text()
                    if int(stat.rpartition(")")[2].split()[1]) == self.process.pid:
                        found.append(int(folder.name))
        return found

    def drop(self):
        """Cut every connection, as a network does: nobody says goodbye."""
        for pid in self.sessions():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self):
        if self.process is not None:
            self.drop()
            self.process.terminate()
            self.process.wait()
            self.process = None


@contextmanager
def server(folder):
    made = Server(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
