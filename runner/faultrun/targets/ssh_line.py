"""One command on another machine over SSH, its stream as a descriptor of ours.

The library speaks in a thread of its own; what arrives is passed on through a socket pair, so that
the rest of the targets knows nothing of it. Keys come from the user's own files and agent, and the
host's key has to be known: nothing here can ask for a password or switch that off.
"""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from faultrun.model.target import TargetBroken
from faultrun.targets.ssh_address import Address

if TYPE_CHECKING:
    import asyncssh

_CONNECT_S = 15
_LOGIN_S = 30
_ALIVE_S = 5
_ALIVE_MOST = 4
_CLOSE_S = 5
_CHUNK = 65_536
_WORDS = 4_096
_SYSTEM_WIDE = "/etc/ssh/ssh_known_hosts"
_LIBRARY = "ssh targets need a library that is not installed; pip install 'faultrun[ssh]'"

T = TypeVar("T")


class SshLine:
    """A connection with one command on it. Raises TargetBroken if it cannot be made."""

    def __init__(self, address: Address, command: str) -> None:
        self._address = address
        self._library = _library()
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._process: asyncssh.SSHClientProcess[bytes] | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._words = bytearray()
        self._known: tuple[str, ...] = ()
        self._as = (address.host, address.port, address.user)
        self._over = False
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"ssh {address}", daemon=True)
        self._thread.start()
        try:
            self._wait(self._open(command), _CONNECT_S + _LOGIN_S + _CLOSE_S)
        except BaseException:
            self.close()
            raise

    @property
    def handle(self) -> int:
        """Our end: what is written goes to the command, what it prints can be read."""
        return self._ours.fileno()

    @property
    def alive(self) -> bool:
        """Whether the command can still say something."""
        return not self._over

    def last_words(self) -> str:
        """The end of what the command said on its standard error, for a message."""
        lines = self._words.decode("utf-8", "backslashreplace").strip().splitlines()
        return " / ".join(lines[-4:])

    def close(self) -> None:
        """Hang up; never raises."""
        with suppress(TargetBroken):
            self._wait(self._hang_up(), _CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()
        self._ours.close()
        self._theirs.close()

    def _wait(self, work: Coroutine[Any, Any, T], most_s: int) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(most_s)
        except TimeoutError as late:
            future.cancel()
            raise TargetBroken(f"{self._address} does not answer within {most_s} s") from late

    async def _open(self, command: str) -> None:
        ssh = self._library
        where = str(self._address)
        try:
            options = self._options()
            self._connection = await ssh.connect(self._address.host, options=options)
            self._process = await self._connection.create_process(command, encoding=None)
        except ssh.HostKeyNotVerifiable as no:
            raise TargetBroken(self._wrong_key()) from no
        except ssh.PermissionDenied as no:
            raise TargetBroken(
                f"{where} refuses to let {self._as[2]} in with any key of yours or of your agent: {no.reason};"
                " faultrun asks for no password"
            ) from no
        except (ssh.Error, asyncio.IncompleteReadError) as no:
            raise TargetBroken(f"{where} cannot be reached over ssh: {no}") from no
        except TimeoutError as no:
            raise TargetBroken(f"{where} does not answer within {_CONNECT_S} s") from no
        except OSError as no:
            raise TargetBroken(f"{where} cannot be reached: {no.strerror or no}") from no
        except ValueError as no:
            raise TargetBroken(f"the ssh configuration or a key for {where}: {no}") from no
        self._tasks = tuple(
            self._loop.create_task(work)
            for work in (self._outward(), self._inward(), self._listen())
        )

    def _options(self) -> "asyncssh.SSHClientConnectionOptions":
        address = self._address
        said: dict[str, Any] = {}
        if address.user:
            said["username"] = address.user
        if address.port:
            said["port"] = address.port
        if address.config:
            said["config"] = [str(path) for path in address.config]
        options: asyncssh.SSHClientConnectionOptions = self._library.SSHClientConnectionOptions(
            host=address.host,
            password_auth=False,
            kbdint_auth=False,
            x509_trusted_certs=None,
            connect_timeout=_CONNECT_S,
            login_timeout=_LOGIN_S,
            keepalive_interval=_ALIVE_S,
            keepalive_count_max=_ALIVE_MOST,
            **said,
        )
        if options.known_hosts is None:
            raise ValueError("it switches off the check of host keys (UserKnownHostsFile none)")
        said_files: list[str] = list(options.known_hosts)  # type: ignore[arg-type]
        files = said_files or [str(Path("~/.ssh/known_hosts").expanduser())]
        there = [name for name in (*files, _SYSTEM_WIDE) if Path(name).expanduser().is_file()]
        options.known_hosts = there or b""
        self._known = tuple(there)
        self._as = (options.host_key_alias or options.host, options.port or 22, options.username)
        return options

    def _wrong_key(self) -> str:
        """Whether the host was never seen, or is another than the one that was."""
        name, port, _user = self._as
        if self._known and self._library.read_known_hosts(self._known).match(name, "", port)[0]:
            return (
                f"the host key of {self._address} is not the one in {', '.join(self._known)}: it"
                " changed, or something else answers; if it rightly changed, type:"
                f" ssh-keygen -R {self._named()}"
            )
        return (
            f"the host key of {self._address} is not known; compare it, then keep it by logging in"
            f" once with: ssh {self._login()}"
        )

    def _named(self) -> str:
        address = self._address
        return f"[{address.host}]:{address.port}" if address.port else address.host

    def _login(self) -> str:
        address = self._address
        port = f"-p {address.port} " if address.port else ""
        return port + (f"{address.user}@" if address.user else "") + address.host

    async def _outward(self) -> None:
        """What we write, to the command."""
        assert self._process is not None
        stdin = self._process.stdin
        with suppress(OSError, self._library.Error):
            while data := await self._loop.sock_recv(self._theirs, _CHUNK):
                stdin.write(data)
                await stdin.drain()
            stdin.write_eof()

    async def _inward(self) -> None:
        """What the command prints, to us; its end is the end of the stream."""
        assert self._process is not None
        try:
            with suppress(OSError, self._library.Error):
                while data := await self._process.stdout.read(_CHUNK):
                    await self._loop.sock_sendall(self._theirs, data)
        finally:
            with suppress(OSError):
                self._theirs.shutdown(socket.SHUT_RDWR)
            self._over = True

    async def _listen(self) -> None:
        assert self._process is not None
        with suppress(OSError, self._library.Error):
            while data := await self._process.stderr.read(_CHUNK):
                self._words += data
                del self._words[:-_WORDS]

    async def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection is not None:
            self._connection.close()
            with suppress(OSError, self._library.Error):
                await self._connection.wait_closed()


def _library() -> Any:
    try:
        import asyncssh  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as missing:
        raise TargetBroken(_LIBRARY) from missing
    return asyncssh
