"""Errno names, numbers, and the message by which the C library tells of them.

Kernel: include/uapi/asm-generic/errno-base.h and errno.h (the generic numbers); the texts are
glibc's strerror(3) in the C locale.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Errno:
    """One errno: its number, its name, and what strerror(3) says."""

    number: int
    name: str
    message: str


ERRNOS: tuple[Errno, ...] = (
    Errno(1, "EPERM", "Operation not permitted"),
    Errno(2, "ENOENT", "No such file or directory"),
    Errno(3, "ESRCH", "No such process"),
    Errno(4, "EINTR", "Interrupted system call"),
    Errno(5, "EIO", "Input/output error"),
    Errno(6, "ENXIO", "No such device or address"),
    Errno(7, "E2BIG", "Argument list too long"),
    Errno(8, "ENOEXEC", "Exec format error"),
    Errno(9, "EBADF", "Bad file descriptor"),
    Errno(10, "ECHILD", "No child processes"),
    Errno(11, "EAGAIN", "Resource temporarily unavailable"),
    Errno(12, "ENOMEM", "Cannot allocate memory"),
    Errno(13, "EACCES", "Permission denied"),
    Errno(14, "EFAULT", "Bad address"),
    Errno(15, "ENOTBLK", "Block device required"),
    Errno(16, "EBUSY", "Device or resource busy"),
    Errno(17, "EEXIST", "File exists"),
    Errno(18, "EXDEV", "Invalid cross-device link"),
    Errno(19, "ENODEV", "No such device"),
    Errno(20, "ENOTDIR", "Not a directory"),
    Errno(21, "EISDIR", "Is a directory"),
    Errno(22, "EINVAL", "Invalid argument"),
    Errno(23, "ENFILE", "Too many open files in system"),
    Errno(24, "EMFILE", "Too many open files"),
    Errno(25, "ENOTTY", "Inappropriate ioctl for device"),
    Errno(26, "ETXTBSY", "Text file busy"),
    Errno(27, "EFBIG", "File too large"),
    Errno(28, "ENOSPC", "No space left on device"),
    Errno(29, "ESPIPE", "Illegal seek"),
    Errno(30, "EROFS", "Read-only file system"),
    Errno(31, "EMLINK", "Too many links"),
    Errno(32, "EPIPE", "Broken pipe"),
    Errno(33, "EDOM", "Numerical argument out of domain"),
    Errno(34, "ERANGE", "Numerical result out of range"),
    Errno(35, "EDEADLK", "Resource deadlock avoided"),
    Errno(36, "ENAMETOOLONG", "File name too long"),
    Errno(37, "ENOLCK", "No locks available"),
    Errno(38, "ENOSYS", "Function not implemented"),
    Errno(39, "ENOTEMPTY", "Directory not empty"),
    Errno(40, "ELOOP", "Too many levels of symbolic links"),
    Errno(42, "ENOMSG", "No message of desired type"),
    Errno(43, "EIDRM", "Identifier removed"),
    Errno(44, "ECHRNG", "Channel number out of range"),
    Errno(45, "EL2NSYNC", "Level 2 not synchronized"),
    Errno(46, "EL3HLT", "Level 3 halted"),
    Errno(47, "EL3RST", "Level 3 reset"),
    Errno(48, "ELNRNG", "Link number out of range"),
    Errno(49, "EUNATCH", "Protocol driver not attached"),
    Errno(50, "ENOCSI", "No CSI structure available"),
    Errno(51, "EL2HLT", "Level 2 halted"),
    Errno(52, "EBADE", "Invalid exchange"),
    Errno(53, "EBADR", "Invalid request descriptor"),
    Errno(54, "EXFULL", "Exchange full"),
    Errno(55, "ENOANO", "No anode"),
    Errno(56, "EBADRQC", "Invalid request code"),
    Errno(57, "EBADSLT", "Invalid slot"),
    Errno(59, "EBFONT", "Bad font file format"),
    Errno(60, "ENOSTR", "Device not a stream"),
    Errno(61, "ENODATA", "No data available"),
    Errno(62, "ETIME", "Timer expired"),
    Errno(63, "ENOSR", "Out of streams resources"),
    Errno(64, "ENONET", "Machine is not on the network"),
    Errno(65, "ENOPKG", "Package not installed"),
    Errno(66, "EREMOTE", "Object is remote"),
    Errno(67, "ENOLINK", "Link has been severed"),
    Errno(68, "EADV", "Advertise error"),
    Errno(69, "ESRMNT", "Srmount error"),
    Errno(70, "ECOMM", "Communication error on send"),
    Errno(71, "EPROTO", "Protocol error"),
    Errno(72, "EMULTIHOP", "Multihop attempted"),
    Errno(73, "EDOTDOT", "RFS specific error"),
    Errno(74, "EBADMSG", "Bad message"),
    Errno(75, "EOVERFLOW", "Value too large for defined data type"),
    Errno(76, "ENOTUNIQ", "Name not unique on network"),
    Errno(77, "EBADFD", "File descriptor in bad state"),
    Errno(78, "EREMCHG", "Remote address changed"),
    Errno(79, "ELIBACC", "Can not access a needed shared library"),
    Errno(80, "ELIBBAD", "Accessing a corrupted shared library"),
    Errno(81, "ELIBSCN", ".lib section in a.out corrupted"),
    Errno(82, "ELIBMAX", "Attempting to link in too many shared libraries"),
    Errno(83, "ELIBEXEC", "Cannot exec a shared library directly"),
    Errno(84, "EILSEQ", "Invalid or incomplete multibyte or wide character"),
    Errno(85, "ERESTART", "Interrupted system call should be restarted"),
    Errno(86, "ESTRPIPE", "Streams pipe error"),
    Errno(87, "EUSERS", "Too many users"),
    Errno(88, "ENOTSOCK", "Socket operation on non-socket"),
    Errno(89, "EDESTADDRREQ", "Destination address required"),
    Errno(90, "EMSGSIZE", "Message too long"),
    Errno(91, "EPROTOTYPE", "Protocol wrong type for socket"),
    Errno(92, "ENOPROTOOPT", "Protocol not available"),
    Errno(93, "EPROTONOSUPPORT", "Protocol not supported"),
    Errno(94, "ESOCKTNOSUPPORT", "Socket type not supported"),
    Errno(95, "EOPNOTSUPP", "Operation not supported"),
    Errno(96, "EPFNOSUPPORT", "Protocol family not supported"),
    Errno(97, "EAFNOSUPPORT", "Address family not supported by protocol"),
    Errno(98, "EADDRINUSE", "Address already in use"),
    Errno(99, "EADDRNOTAVAIL", "Cannot assign requested address"),
    Errno(100, "ENETDOWN", "Network is down"),
    Errno(101, "ENETUNREACH", "Network is unreachable"),
    Errno(102, "ENETRESET", "Network dropped connection on reset"),
    Errno(103, "ECONNABORTED", "Software caused connection abort"),
    Errno(104, "ECONNRESET", "Connection reset by peer"),
    Errno(105, "ENOBUFS", "No buffer space available"),
    Errno(106, "EISCONN", "Transport endpoint is already connected"),
    Errno(107, "ENOTCONN", "Transport endpoint is not connected"),
    Errno(108, "ESHUTDOWN", "Cannot send after transport endpoint shutdown"),
    Errno(109, "ETOOMANYREFS", "Too many references: cannot splice"),
    Errno(110, "ETIMEDOUT", "Connection timed out"),
    Errno(111, "ECONNREFUSED", "Connection refused"),
    Errno(112, "EHOSTDOWN", "Host is down"),
    Errno(113, "EHOSTUNREACH", "No route to host"),
    Errno(114, "EALREADY", "Operation already in progress"),
    Errno(115, "EINPROGRESS", "Operation now in progress"),
    Errno(116, "ESTALE", "Stale file handle"),
    Errno(117, "EUCLEAN", "Structure needs cleaning"),
    Errno(118, "ENOTNAM", "Not a XENIX named type file"),
    Errno(119, "ENAVAIL", "No XENIX semaphores available"),
    Errno(120, "EISNAM", "Is a named type file"),
    Errno(121, "EREMOTEIO", "Remote I/O error"),
    Errno(122, "EDQUOT", "Disk quota exceeded"),
    Errno(123, "ENOMEDIUM", "No medium found"),
    Errno(124, "EMEDIUMTYPE", "Wrong medium type"),
    Errno(125, "ECANCELED", "Operation canceled"),
    Errno(126, "ENOKEY", "Required key not available"),
    Errno(127, "EKEYEXPIRED", "Key has expired"),
    Errno(128, "EKEYREVOKED", "Key has been revoked"),
    Errno(129, "EKEYREJECTED", "Key was rejected by service"),
    Errno(130, "EOWNERDEAD", "Owner died"),
    Errno(131, "ENOTRECOVERABLE", "State not recoverable"),
    Errno(132, "ERFKILL", "Operation not possible due to RF-kill"),
)

BY_NAME: dict[str, Errno] = {entry.name: entry for entry in ERRNOS}
BY_NUMBER: dict[int, Errno] = {entry.number: entry for entry in ERRNOS}
ALIASES: dict[str, str] = {"EWOULDBLOCK": "EAGAIN", "EDEADLOCK": "EDEADLK", "ENOTSUP": "EOPNOTSUPP"}


def number_of(name: str) -> int:
    """The number of a name, or of what ``name_of`` gave. Raises KeyError otherwise."""
    if name[:1].isdecimal():
        return int(name)
    return BY_NAME[ALIASES.get(name, name)].number


def name_of(number: int) -> str:
    """``12`` -> ``ENOMEM``; a number that has no name is its own."""
    entry = BY_NUMBER.get(number)
    return entry.name if entry is not None else str(number)


def message_of(name: str) -> str:
    """What strerror(3) says of a name, or of a number that has none. Raises KeyError otherwise."""
    if name[:1].isdecimal():
        return f"Unknown error {name}"
    return BY_NAME[ALIASES.get(name, name)].message


def reported(text: str) -> tuple[str, ...]:
    """The errno names whose messages appear in a program's output, in order of appearance.

    Longer messages win where one is a part of another ("No such device" and "No such device or
    address"). A message is a phrase of its own: letters beside it make it another word.
    """
    low = text.lower()
    found = [
        (start, start + len(message), name)
        for message, name in _messages()
        if message in low
        for start in _places(low, message)
    ]
    longest = [
        (start, end, name)
        for start, end, name in found
        if not any(a <= start and end <= b and b - a > end - start for a, b, _ in found)
    ]
    return tuple(dict.fromkeys(name for _, _, name in sorted(longest)))


def _places(low: str, message: str) -> Iterator[int]:
    start = low.find(message)
    while start >= 0:
        end = start + len(message)
        if not low[start - 1 : start].isalpha() and not low[end : end + 1].isalpha():
            yield start
        start = low.find(message, end)


@cache
def _messages() -> tuple[tuple[str, str], ...]:
    return tuple((entry.message.lower(), entry.name) for entry in ERRNOS)
