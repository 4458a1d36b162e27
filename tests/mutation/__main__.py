"""`python -m tests.mutation [WORD ...]`: a line for each defect (whose name has the words), and the share caught.

Each line says which group of the generator found it; a table at the end says what each group found.
"""

from __future__ import annotations

import sys
import time

from tests.mutation.by_group import group_of, table
from tests.mutation.defects import SHARE, read_defects
from tests.mutation.planting import Found, find, mismatches, planned


def _line(found: Found) -> str:
    if found.broken:
        return f"BROKEN  {found.defect.name}: {found.broken.splitlines()[-1]}"
    if found.shown is None:
        return f"MISSED  {found.defect.name} ({found.cases} cases)"
    case, where = found.shown
    return f"caught  {found.defect.name}: {where} in {case} ({group_of(found.origin)})"


def main(words: list[str]) -> None:
    """Print each defect as it is found or missed, then what each group found; exit code 1 where that is too few."""
    began = time.monotonic()
    defects = [one for one in read_defects() if all(word in one.name for word in words)]
    with planned() as plan:
        sound = set(mismatches(plan, plan.cases, workers=2))
        print(f"{len(plan.cases)} cases; the sound app mismatches at {len(sound)} places")  # noqa: T201
        for case, where in sorted(sound):
            print(f"  {where} in {case}")  # noqa: T201
        found = []
        for one in find(plan, defects, sound):
            found.append(one)
            print(_line(one), flush=True)  # noqa: T201
    fit = [one for one in found if not one.broken]
    caught = sum(one.shown is not None for one in fit)
    for line in table((case.origin for case in plan.cases), (one.origin for one in fit if one.shown)):
        print(line)  # noqa: T201
    print(f"{caught} of {len(fit)} caught, {caught / max(1, len(fit)):.1%}; {time.monotonic() - began:.0f} s")  # noqa: T201
    if sound or len(fit) < len(found) or caught < SHARE * len(fit):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
