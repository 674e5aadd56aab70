"""NFS over the loop: a client and a server on one machine, each file operation some RPCs.

By hand from net/sunrpc and fs/nfs: no page cache, no delegations, one connection, NFS 4.2. What is
modelled is what fail_sunrpc meets: who transmits, what a broken connection costs, and that the
request is sent again until it is answered. The server's session knows a request that comes twice
(fs/nfsd/nfs4state.c:nfsd4_sequence()), so that nothing is done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultrun.simkernel.file_values import Flags, OpenFile, Path, Stat
from faultrun.simkernel.hooks import RpcSide
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

_CALL_NS = 60_000
_CONNECT_NS = 3_000_000_000
"""include/linux/sunrpc/xprtsock.h:XS_TCP_INIT_REEST_TO: a new connection no sooner after the last."""
_DELAY_NS = 100_000_000
"""fs/nfs/nfs4proc.c:NFS4_POLL_RETRY_MIN, after the server said NFS4ERR_DELAY."""
_HERE = ("localhost", "127.0.0.1")

_RPC = ("__rpc_execute", "rpc_execute", "rpc_run_task")
_TRANSMIT = ("xprt_request_transmit", "xprt_transmit", "call_transmit", *_RPC)
_END = ("xprt_end_transmit", "call_transmit_status", *_RPC)
_SERVE = ("svc_process", "svc_handle_xprt", "svc_recv", "nfsd", "kthread", "ret_from_fork")
_CACHE = ("cache_check", "exp_find", "rqst_exp_find", "nfsd_set_fh_dentry", "fh_verify", *_SERVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One request. ``worker`` is the thread that transmits it, or empty for the calling task."""

    name: str
    worker: str = ""
    export: bool = False


_KWORKER = "kworker/u4:3"
_MANAGER = "127.0.0.1-manag"

OPERATIONS: Mapping[str, tuple[Procedure, ...]] = {
    "mount": (
        Procedure(name="NULL"),
        Procedure(name="EXCHANGE_ID", worker=_MANAGER),
        Procedure(name="CREATE_SESSION", worker=_MANAGER),
        Procedure(name="LOOKUP_ROOT"),
        Procedure(name="GETATTR", export=True),
    ),
    "umount": (Procedure(name="DESTROY_SESSION"), Procedure(name="DESTROY_CLIENTID")),
    "stat": (Procedure(name="GETATTR", export=True),),
    "list": (Procedure(name="READDIR", export=True),),
    "mkdir": (Procedure(name="CREATE", export=True),),
    "remove": (Procedure(name="REMOVE", export=True),),
    "rename": (Procedure(name="RENAME", export=True),),
    "open": (Procedure(name="OPEN", worker=_KWORKER, export=True),),
    "close": (Procedure(name="CLOSE", worker=_KWORKER, export=True),),
    "read": (Procedure(name="READ", worker=_KWORKER, export=True),),
    "write": (Procedure(name="WRITE", worker=_KWORKER, export=True),),
    "sync": (Procedure(name="COMMIT", worker=_KWORKER, export=True),),
    "truncate": (Procedure(name="SETATTR", export=True),),
}
"""File operation to its requests. Which are asynchronous: fs/nfs/nfs4proc.c:nfs4_run_open_task(),
nfs4_do_close(), fs/nfs/pagelist.c:nfs_initiate_pgio(); the state manager's own thread sets up."""


class Exports:
    """What the server of a machine exports, and the threads that work for both sides."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.paths: dict[str, str] = {}
        self._threads: dict[str, SimTask] = {}
        self.known: set[str] = set()
        """Exports that mountd has answered for: an entry of the server's cache is valid."""

    def thread(self, comm: str) -> SimTask:
        """A kernel thread by its name."""
        found = self._threads.get(comm)
        if found is None:
            found = self._threads[comm] = self.kernel.tasks.spawn(comm)
        return found


class Connection:
    """One transport between client and server."""

    def __init__(self, machine: "Machine", export: str) -> None:
        self._machine = machine
        self._kernel = machine.kernel
        self._exports = machine.kernel.facility(Exports)
        self._export = export
        self._up = False
        self._since_ns: int | None = None

    def call(self, operation: str, task: SimTask) -> None:
        """Every request of a file operation, each until it is answered. Raises TimedOut."""
        for procedure in OPERATIONS[operation]:
            sender = self._exports.thread(procedure.worker) if procedure.worker else task
            while not self._once(procedure, sender):
                pass

    def _once(self, procedure: Procedure, sender: SimTask) -> bool:
        """Send a request: whether it was answered with more than "later"."""
        self._connect()
        self._machine.spend(_CALL_NS)
        for stack in (_TRANSMIT, _END):
            if self._kernel.rpc(sender, RpcSide.CLIENT, stack):
                self._up = False
        served = self._serve(procedure)
        if not self._up:
            # The reply has nowhere to go: net/sunrpc/xprt.c:xprt_disconnect_done() wakes the sender.
            return False
        if served.closing:
            # The reply is still sent: net/sunrpc/svc_xprt.c:svc_xprt_deferred_close().
            self._up = False
        if served.later:
            self._machine.spend(_DELAY_NS)
        return not served.later

    def _serve(self, procedure: Procedure) -> "_Served":
        nfsd = self._exports.thread("nfsd")
        closing = self._kernel.rpc(nfsd, RpcSide.SERVER, _SERVE)
        if not procedure.export or self._export in self._exports.known:
            return _Served(closing=closing, later=False)
        # Nobody has asked for this export yet: wait for mountd, unless told to put it off.
        later = self._kernel.rpc(nfsd, RpcSide.CACHE, _CACHE)
        if not later:
            self._exports.known.add(self._export)
        return _Served(closing=closing, later=later)

    def _connect(self) -> None:
        if self._up:
            return
        now = self._kernel.clock.now_ns()
        if self._since_ns is not None and now < self._since_ns + _CONNECT_NS:
            self._machine.spend(self._since_ns + _CONNECT_NS - now)
        self._since_ns = self._kernel.clock.now_ns()
        self._up = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    closing: bool
    later: bool


class NfsFs:
    """A mounted export. What is in it is what the server's directory holds."""

    kind = "nfs4"

    def __init__(self, machine: "Machine", source: str, export: str, task: SimTask) -> None:
        self.source = source
        self._files = machine.files
        self._export = export
        self._server = machine.kernel.facility(Exports).thread("nfsd")
        self._wire = Connection(machine, export)
        self._wire.call("mount", task)
        self._open = 0

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        self._wire.call("stat", task)
        return self._files.stat(self._at(path), self._server)

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        self._wire.call("list", task)
        return self._files.list(self._at(path), self._server)

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        self._wire.call("open", task)
        file = self._files.open(self._at(path), flags, self._server)
        self._open += 1
        return _OpenNfs(self, file, task)

    def closed(self) -> None:
        """One file less."""
        self._open -= 1

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2)."""
        self._wire.call("mkdir", task)
        self._files.mkdir(self._at(path), self._server)

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        self._wire.call("remove", task)
        self._files.remove(self._at(path), self._server, directory=directory)

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2) inside this file system."""
        self._wire.call("rename", task)
        self._files.rename(self._at(old), self._at(new), self._server)

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2)."""
        self._wire.call("truncate", task)
        self._files.touch(self._at(path), self._server)

    def call(self, operation: str, task: SimTask) -> None:
        """The requests of an operation on an open file."""
        self._wire.call(operation, task)

    def sync(self, task: SimTask) -> None:
        """Every write was sent when it was made."""

    def write_back_old(self) -> None:
        """Nothing is cached."""

    def drop_caches(self) -> None:
        """Nothing is cached."""

    def unmount(self, task: SimTask) -> None:
        """The session ends."""
        self._wire.call("umount", task)

    def busy(self) -> bool:
        """Whether a file of it is open."""
        return self._open > 0

    def _at(self, path: Path) -> str:
        return "/".join((self._export.rstrip("/"), *path)) or "/"


class _OpenNfs:
    """A file that the client has open: each operation is a request first."""

    def __init__(self, fs: NfsFs, file: OpenFile, task: SimTask) -> None:
        self._fs = fs
        self._file = file
        self._task = task

    def read(self, size: int) -> bytes:
        """READ."""
        self._fs.call("read", self._task)
        return self._file.read(size)

    def write(self, data: bytes) -> int:
        """WRITE."""
        self._fs.call("write", self._task)
        return self._file.write(data)

    def seek(self, offset: int) -> None:
        """The offset is the client's own."""
        self._file.seek(offset)

    def truncate(self, size: int) -> None:
        """SETATTR."""
        self._fs.call("truncate", self._task)
        self._file.truncate(size)

    def stat(self) -> Stat:
        """GETATTR."""
        self._fs.call("stat", self._task)
        return self._file.stat()

    def sync(self) -> None:
        """COMMIT."""
        self._fs.call("sync", self._task)
        self._file.sync()

    def close(self) -> None:
        """CLOSE."""
        self._fs.call("close", self._task)
        self._file.close()
        self._fs.closed()


def mount_nfs(machine: "Machine", source: str, task: SimTask) -> NfsFs:
    """Mount ``host:/path``. Raises SimErrno, TimedOut, and Unmodelled for any other host."""
    host, colon, path = source.partition(":")
    if not colon or not path.startswith("/"):
        raise SimErrno("EINVAL")
    if host not in _HERE:
        raise Unmodelled(f"an NFS server on another machine ('{host}')")
    if path not in machine.kernel.facility(Exports).paths:
        raise SimErrno("ENOENT")
    return NfsFs(machine, source, path, task)
