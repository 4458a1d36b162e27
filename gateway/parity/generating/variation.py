"""A generated case before it has its route: what it asks, the end of its name, and its origin. Values only.

An origin begins with the group of the generator that made the case, names what is odd, and says how:
`json field title: empty`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from ..corpus.case import Step
from .request_builder import RequestBuilder


class Group(StrEnum):
    """Groups of the generator, by the words with which the origins of their cases begin."""

    VALID = "valid request"
    DATABASE_VALUE = "database value of query"
    PATH_VARIABLE = "path variable"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"
    JSON_LIMIT = "limit of json field"
    JSON_BODY = "json body"
    JSON_FIELD = "json field"
    FORM = "form"
    FORM_FIELD = "form field"
    FILE = "file"
    MULTIPART = "multipart form"
    RAW_BODY = "raw body"
    METHOD = "method"
    PATH = "path"
    CLIENT_HEADER = "client header"
    CONDITIONAL = "conditional request"
    SEQUENCE = "sequence"
    SCHEMA = "schema"
    ANONYMOUS = "anonymous variant"
    WRONG_CREDENTIAL = "wrong-credential variant"
    OTHER_USER = "other-user variant"
    NO_CSRF = "no-csrf variant"


@dataclass(frozen=True, slots=True)
class Variation:
    """A way to ask a route, after the steps that any request to it needs."""

    group: Group
    label: str
    """End of the case's name. Names identify cases, so a label never changes its text."""
    origin: str
    steps: tuple[Step, ...]

    @classmethod
    def odd(cls, group: Group, name: str | None, oddity: str, request: RequestBuilder) -> Self:
        """Return a request that is odd in `name`, `title is missing`, or as a whole where that is None.

        The group's last word stands for the whole: `body is empty`.
        """
        label = f"{group.split()[-1] if name is None else name} {oddity}"
        how = "empty" if oddity == "is ''" else oddity.removeprefix("is ")
        return cls(group, label, f"{group if name is None else f'{group} {name}'}: {how}", (request.step(),))

    @classmethod
    def named(cls, group: Group, label: str, *steps: Step) -> Self:
        """Return steps whose label says by itself what they do: `created, read`."""
        return cls(group, label, f"{group}: {label}", steps)


Variations = Iterator[Variation]
