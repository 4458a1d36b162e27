"""Variables of a Postman collection: its own, those that are given, and Postman's dynamic ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .members import pairs_of

VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
MAX_ROUNDS = 19
"""How often variables may stand in the values of others, as in Postman."""
_FIXED = {
    "$guid": "3f2b8c1e-9d47-4a6b-8e15-2c7d90a4b6f3",
    "$randomUUID": "3f2b8c1e-9d47-4a6b-8e15-2c7d90a4b6f3",
    "$timestamp": "1700000000",
    "$isoTimestamp": "2023-11-14T22:13:20.000Z",
    "$randomInt": "500",
    "$randomBoolean": "true",
    "$randomPrice": "500.00",
    "$randomAlphaNumeric": "a",
    "$randomEmail": "random@example.com",
    "$randomExampleEmail": "random@example.com",
    "$randomUserName": "random_user",
    "$randomPassword": "random-password-1",
    "$randomPhoneNumber": "555-010-0100",
    "$randomPhoneNumberExt": "55-555-010-0100",
    "$randomIP": "192.0.2.1",
    "$randomIPV6": "2001:db8::1",
    "$randomMACAddress": "00:00:5e:00:53:01",
    "$randomUrl": "https://example.com",
    "$randomImageUrl": "https://example.com/image.png",
    "$randomDomainName": "example.com",
    "$randomCountryCode": "NL",
    "$randomCurrencyCode": "EUR",
    "$randomLocale": "en",
    "$randomLatitude": "52.3702",
    "$randomLongitude": "4.8952",
    "$randomHexColor": "#336699",
    "$randomSemver": "1.0.0",
    "$randomDatePast": "2023-01-02T03:04:05.000Z",
    "$randomDateRecent": "2023-11-14T22:13:20.000Z",
    "$randomDateFuture": "2099-01-02T03:04:05.000Z",
    "$randomBankAccount": "12345678",
    "$randomBankAccountIban": "NL91ABNA0417164300",
    "$randomFileName": "file.txt",
    "$randomFilePath": "/tmp/file.txt",
}
"""What stands for a dynamic variable: a case asks the same each time."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The values of the names that a text may have as `{{name}}`."""

    given: Mapping[str, str]
    """Beat those of the collection."""
    own: Mapping[str, str] = field(default_factory=dict)

    def below(self, members: Any) -> Self:
        """Return the variables where a folder or a request has some of its own; one without a value is none."""
        own = {name.strip(): value for name, value in pairs_of(members) if value is not None}
        return replace(self, own={**self.own, **own})

    def get(self, name: str) -> str | None:
        """Return a value; a dynamic one (`$guid`) has always the same, a word of its name where it needs no form."""
        if name in self.given:
            return self.given[name]
        dynamic = _FIXED.get(name) or (name.removeprefix("$random") if name.startswith("$random") else None)
        return self.own.get(name, dynamic)

    def fill(self, text: str, *, keeps_unknown: bool = False) -> str:
        """Return a text with its variables filled in, and those in their values.

        Raises ValueError for one that has no value, unless those are kept.
        """
        filled = text
        for _ in range(MAX_ROUNDS):
            before, filled = filled, VARIABLE.sub(lambda found: self._value(found, keeps_unknown), filled)
            if filled == before:
                break
        left = VARIABLE.search(filled)
        if keeps_unknown or left is None:
            return filled
        raise ValueError(f'the variable "{left[0]}" stands in its own value')

    def _value(self, found: re.Match[str], keeps_unknown: bool) -> str:
        name = found[1].strip()
        value = self.get(name)
        if value is None and not keeps_unknown:
            raise ValueError(f'no value for "{{{{{name}}}}}"; give it with --variable {name}=...')
        return found[0] if value is None else value
