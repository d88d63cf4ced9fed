"""The process that workers are forked from: it has imported everything and does nothing else.

A fork takes milliseconds where a fresh Python takes half a second, so a worker that had to be killed is
replaced at once. The service talks to it over a Unix socket: a byte with a file descriptor asks for a worker that
listens there, and brings back its process number; a byte alone asks it to load JAX as well, for verifications.
Everything here is single-threaded, as a fork wants it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import struct
import sys
import warnings
from importlib import import_module

from . import work

FORK, WARM = b"f", b"w"
PID = struct.Struct(">i")
REQUEST = struct.Struct(">IB")
REPLY = struct.Struct(">IHH")
KINDS = ("parse", "derive", "evaluate", "functions")
_DIE_WITH_PARENT = 1


def run(descriptor: int, nodes: int, dimension: int) -> None:
    """Forks workers until the service hangs up."""
    limits = work.Limits(nodes, dimension)
    # NumPy's warnings of overflow are for whoever evaluates, not for the log.
    warnings.simplefilter("ignore")
    _rehearse(limits)
    gc.freeze()
    # The kernel clears away workers that have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as service:
        while True:
            message, descriptors, *_ = socket.recv_fds(service, 1, 1)
            if message == FORK:
                pid = os.fork()
                if not pid:
                    service.close()
                    _work(descriptors[0], limits)
                    os._exit(0)
                os.close(descriptors[0])
                service.sendall(PID.pack(pid))
            elif message == WARM:
                for module in ("jax", "scipy.special", "scipy.linalg"):
                    import_module(module)
                gc.freeze()
                service.sendall(PID.pack(0))
            else:
                return


def _rehearse(limits: work.Limits) -> None:
    """One derivation, so that grammars and formulas are read before anybody waits for them."""
    asked = (
        b'{"expression": "u.T @ tanh(W @ x + b)", "wrt": "W", "shapes": null, "functions": [], "order": 1, '
    )
    asked += b'"dialect": "python", "names": null, "layout": "shape", "code": ["numpy"], "verify": false}'
    work.answer("derive", asked, limits)


def _work(descriptor: int, limits: work.Limits) -> None:
    """A worker's life: answer requests until the service hangs up."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        # Should the service be killed, its workers go with it even in the middle of a computation.
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with socket.socket(fileno=descriptor) as service, service.makefile("rwb") as stream:
        while header := stream.read(REQUEST.size):
            length, kind = REQUEST.unpack(header)
            body = stream.read(length)
            done = work.answer(KINDS[kind], body, limits)
            bug = done.bug.encode()
            stream.write(REPLY.pack(len(done.body), done.status, len(bug)) + bug + done.body)
            stream.flush()
