"""The words people read: English in the code, French by default on the screen (gettext)."""

from __future__ import annotations

import gettext
from pathlib import Path

LANGUAGES = ("fr", "en")
DOMAINS = ("auditor", "reports")
_LOCALE = Path(__file__).resolve().parent / "locale"


def catalogue(lang: str) -> gettext.NullTranslations:
    """Return the translations of `lang`; English is the code's own language and needs none."""
    result = gettext.NullTranslations()
    if lang == "en":
        return result
    for domain in DOMAINS:
        found = gettext.translation(domain, _LOCALE, languages=[lang], fallback=True)
        found.add_fallback(result)
        result = found
    return result


_current = catalogue("fr")


def use(lang: str) -> None:
    """Speak `lang` from now on in this process."""
    global _current  # noqa: PLW0603 — one process speaks one language at a time
    _current = catalogue(lang)


def _(message: str) -> str:
    """Return `message` in the language in use; format it afterwards with `.format(…)`."""
    return _current.gettext(message)


def plural(one: str, many: str, n: int) -> str:
    """Return the form of the message that suits `n`."""
    return _current.ngettext(one, many, n)
