"""Closing the doors behind a child that reads what strangers wrote: limits, and where Linux offers it seccomp.

After `confine` the process can compute, read and write the pipes that it holds, and end. It cannot open a
file or a socket, start a program, or look into another process. None of it can be undone from inside.
Source: prctl(2), seccomp(2), getrlimit(2); durability notes row 62.
"""

import ctypes
import errno
import platform
import resource
import struct
import sys

_HIGHEST_DESCRIPTORS = 4
"""Standard in, out and error, and the pipe for answers."""
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER_MODE = 4, 22, 38, 2
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16

_CALLS = {
    # machine: (architecture, prlimit64, what is allowed)
    # read write close fstat lseek mmap mprotect munmap brk sigaction sigprocmask sigreturn sched_yield mremap madvise
    # nanosleep getpid exit gettimeofday getrusage times sigaltstack gettid futex clock_gettime clock_nanosleep
    # exit_group getrandom membarrier rseq
    "x86_64": (
        0xC000003E, 302,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28,
         35, 39, 60, 96, 98, 100, 131, 186, 202, 228, 230, 231, 318, 324, 334),
    ),
    "aarch64": (
        0xC00000B7, 261,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233,
         101, 172, 93, 169, 165, 153, 132, 178, 98, 113, 115, 94, 278, 283, 293),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    """struct sock_fprog of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def confine(memory_mib: int) -> None:
    """Close the doors of this process for good. Whatever it may still need must be loaded before."""
    for limit, value in (
        (resource.RLIMIT_AS, memory_mib * 1024 * 1024),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _HIGHEST_DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _filter_calls(library)


def _filter_calls(library: ctypes.CDLL) -> None:
    """Every system call but a few fails with EPERM. A kernel without seccomp leaves the limits alone to hold."""
    if platform.machine() not in _CALLS:
        return
    steps = _steps(*_CALLS[platform.machine()])
    program = _Program(len(steps), b"".join(steps))
    library.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0)


def _steps(architecture: int, prlimit: int, allowed: tuple[int, ...]) -> list[bytes]:
    """The filter: the right architecture, then one of `allowed`, or prlimit64 on this very process."""
    tests = [_step(_JUMP_IF_EQUAL, number, yes=len(allowed) + 3 - place) for place, number in enumerate(allowed)]
    return [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_JUMP_IF_EQUAL, architecture, no=len(allowed) + 4),
        _step(_LOAD, _NUMBER_AT),
        *tests,
        _step(_JUMP_IF_EQUAL, prlimit, no=2),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_JUMP_IF_EQUAL, 0, yes=1),
        _step(_RETURN, _DENY),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter; `yes` and `no` count the steps to skip."""
    return struct.pack("=HBBI", code, yes, no, value)
