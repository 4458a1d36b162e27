"""Characters that a terminal would obey, or that no file of text can hold, as what they are called. Pure."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def visible(text: str) -> str:
    r"""Control characters but newline and tab as `\x1b`; lone surrogates, which XML and UTF-8 refuse, as `\ud800`."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1].replace(r"\r", r"\x0d"), text)
