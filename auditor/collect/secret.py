"""Secrets, read at the last moment from where the scope says they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.text import _

MAX_BYTES = 64 << 10
"""Largest secret file: a certificate chain with its key stays far below."""


class Secret(str):
    """A text that does not show itself: its `repr` is masked, so a traceback or a log of a record tells nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a mask."""
        return "'***'"

    def __reduce_ex__(self, _protocol: Any) -> Any:
        """Refuse to be copied to another process or file."""
        msg = "a secret is not serialised"
        raise TypeError(msg)


def resolve(reference: str) -> Secret:
    """Return the value that `reference` names: `env:NAME`, or `file:PATH` that its owner alone can read.

    A final newline of a file is left out. Raises UsageError, whose text never holds the value.
    """
    kind, _colon, name = reference.partition(":")
    if kind == "env" and name:
        return _from_environment(name)
    if kind == "file" and name:
        return _from_file(Path(name).expanduser())
    if kind in {"keyring", "vault"} and name:
        raise UsageError(
            _("{kind}: references cannot be read by this release").format(kind=kind),
            hint=_("let the keyring or vault write a variable or a file, and name it: env:NAME or file:PATH"),
        )
    raise UsageError(_("a secret is named by reference, not written"), hint=_("write env:NAME or file:PATH"))


def _from_environment(name: str) -> Secret:
    if not (value := os.environ.get(name)):
        raise UsageError(
            _("the variable {name} is not set, or empty").format(name=name), hint=_("export it before you start, or use file:PATH")
        )
    return Secret(value)


def _from_file(path: Path) -> Secret:
    try:
        # O_NONBLOCK: opening a pipe must not wait for ever. Checks are made on what was opened, not on its name.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(
            _("secret file {path} cannot be read: {why}").format(path=path, why=error.strerror), hint=_("check the path and its rights")
        ) from error
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(_("secret file {path} is not a plain file").format(path=path), hint=_("name a plain file"))
        if found.st_uid not in {os.geteuid(), 0}:
            raise UsageError(_("secret file {path} belongs to somebody else").format(path=path), hint=f"chown {os.geteuid()} {path}")
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(_("secret file {path} is open to others than its owner").format(path=path), hint=f"chmod 600 {path}")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(_("secret file {path} is too large").format(path=path), hint=_("at most {n} bytes").format(n=MAX_BYTES))
    try:
        value = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        value = ""
    if not value:
        # `from None`: the error of decoding would carry the bytes.
        raise UsageError(
            _("secret file {path} is empty or not text").format(path=path), hint=_("write the secret in it, in UTF-8")
        ) from None
    return Secret(value)
