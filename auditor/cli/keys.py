"""`auditor keys`: the local key that seals packs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from auditor.cli.workspace import HERE, Folder, Json, Lang, Workspace, print_json
from auditor.text import _

if TYPE_CHECKING:
    from auditor.seal.keys import SealingKey


def group() -> typer.Typer:
    """Return the sub-commands."""
    app = typer.Typer(help=_("The local key that seals packs."), no_args_is_help=True)
    app.command(name="create", help=_("Make the local key; an existing one is kept."))(create)
    app.command(name="show", help=_("Show the certificate of the local key."))(show)
    return app


def key_of(place: Workspace) -> SealingKey:
    """Return the workspace's local key, made on first use."""
    from auditor.seal.keys import create_key

    return create_key(place.state / "keys", place.scope().organisation.name, _now())


def create(workspace: Folder = HERE, json: Json = False, lang: Lang = "fr") -> int:
    """Make the local key, or keep the one that is there."""
    _tell(key_of(Workspace(workspace)), json)
    return 0


def show(workspace: Folder = HERE, json: Json = False, lang: Lang = "fr") -> int:
    """Show the certificate of the local key."""
    from auditor.seal.keys import load_key

    _tell(load_key(Workspace(workspace).state / "keys", _now()), json)
    return 0


def _tell(key: SealingKey, json: bool) -> None:
    from cryptography import x509

    from auditor.codec import sha256

    certificate = x509.load_der_x509_certificate(key.certificate)
    about: dict[str, Any] = {
        "subject": certificate.subject.rfc4514_string(),
        "valid_from": certificate.not_valid_before_utc.replace(tzinfo=None),
        "valid_until": certificate.not_valid_after_utc.replace(tzinfo=None),
        "sha256": sha256(key.certificate),
        "kind": key.kind,
    }
    if json:
        print_json(about)
        return
    print(_("Seal: {subject}").format(subject=about["subject"]))
    print(_("Valid from {start} to {end}").format(start=about["valid_from"].date(), end=about["valid_until"].date()))
    print(_("SHA-256 of the certificate: {digest}").format(digest=about["sha256"]))
    if key.kind == "local":
        print(_("This is a local key: it proves that the pack did not change since, not who made it."))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
