"""One round trip to a machine: the script on standard input, its answer back, capped and timed."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from auditor.errors import AccessDeniedError, UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_BYTES = 16 << 20
SSH = (
    "ssh", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes",
    "-o", "PermitLocalCommand=no", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=2",
)  # fmt: skip
"""Flags of every call; an unknown host key is an error, never accepted on first sight (ANSSI NT_OpenSSH, R6)."""

_REFUSALS = (
    ("Host key verification failed", AccessDeniedError, "host key unknown or changed"),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", AccessDeniedError, "host key changed"),
    ("Permission denied", AccessDeniedError, "authentication refused"),
    ("Too many authentication failures", AccessDeniedError, "authentication refused"),
)


def ask(command: Sequence[str], script: bytes, remaining_s: Callable[[], float]) -> bytes:
    """Return what `command` answers to `script`; what came before a broken connection or the cap is kept.

    Raises UnreachableError when nothing came, AccessDeniedError when it was refused, UnexpectedAnswerError past the cap.
    """
    try:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    except OSError as error:
        raise UnreachableError(f"{command[0]}: {error.strerror}", hint="install the OpenSSH client") from error
    try:
        out, err = _exchange(child, script, remaining_s)
    finally:
        _end(child)
    text = err.decode("utf-8", "replace")
    if b" BEGIN " not in out:
        for sign, kind, what in _REFUSALS:
            if sign in text:
                raise kind(what)
        if child.returncode == 255 or not out:  # noqa: PLR2004 — ssh's own failure
            raise UnreachableError(_last(text) or "nothing came back")
        raise UnexpectedAnswerError("the answer is not that of the script")
    return out


def _exchange(child: subprocess.Popen[bytes], script: bytes, remaining_s: Callable[[], float]) -> tuple[bytes, bytes]:
    assert child.stdin
    assert child.stdout
    assert child.stderr
    parts: dict[int, bytearray] = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    pending = memoryview(script)
    os.set_blocking(child.stdin.fileno(), False)
    with selectors.DefaultSelector() as waiting:
        waiting.register(child.stdin, selectors.EVENT_WRITE)
        for stream in (child.stdout, child.stderr):
            waiting.register(stream, selectors.EVENT_READ)
        while len(waiting.get_map()) > (1 if child.stdin in [key.fileobj for key in waiting.get_map().values()] else 0):
            try:
                left = remaining_s()
            except UnreachableError:
                if b" BEGIN " in parts[child.stdout.fileno()]:
                    break  # what came is kept; the missing end says that it is partial
                raise
            for key, _events in waiting.select(min(left, 0.5)):
                if key.fileobj is child.stdin:
                    pending = _feed(child, pending)
                    if not pending:
                        waiting.unregister(child.stdin)
                        child.stdin.close()
                    continue
                data = os.read(key.fd, 65536)
                if not data:
                    waiting.unregister(key.fileobj)
                parts[key.fd] += data
                if len(parts[key.fd]) > MAX_BYTES:
                    raise UnexpectedAnswerError(f"more than {MAX_BYTES} bytes")
    return bytes(parts[child.stdout.fileno()]), bytes(parts[child.stderr.fileno()])


def _feed(child: subprocess.Popen[bytes], pending: memoryview) -> memoryview:
    assert child.stdin
    try:
        return pending[os.write(child.stdin.fileno(), pending) :]
    except BrokenPipeError:
        return pending[:0]


def _end(child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 2
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream and not stream.closed:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
