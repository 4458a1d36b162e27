"""Cases asked to learn how each side has interpreted a request, beside the case that differed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...comparing.causes.interpretations import Interpretation, interpretations_of
from ...comparing.observation import Compared, Experiment
from ..compared_case import ComparedCase
from ..corpus.case import Case


@dataclass
class PendingExperiments:
    """A compared case that waits for the answers to its experiments."""

    compared: ComparedCase
    different: tuple[int, ...]
    """Numbers of the steps that differ."""
    interpretations: tuple[tuple[int, Interpretation], ...]
    """(number of a step, one way in which its request may have been read)."""
    answers: list[Compared | None] = field(default_factory=list)
    """In the order of `cases`; None where a case did not come as far as the step."""

    @classmethod
    def of(cls, compared: ComparedCase, different: Iterable[int]) -> PendingExperiments | None:
        """Return the experiments of a compared case, None where no request that differs has two interpretations."""
        numbers, steps = tuple(different), compared.case.steps
        found = tuple((number, one) for number in numbers for one in interpretations_of(steps[number].request))
        return cls(compared, numbers, found) if found else None

    @property
    def cases(self) -> tuple[Case, ...]:
        """Two cases for each interpretation: the request as Flask is thought to have read it, and as FastAPI is."""
        case = self.compared.case
        requests = ((number, one) for number, both in self.interpretations for one in (both.control, both.candidate))
        return tuple(
            replace(case, steps=(*case.steps[:at], replace(case.steps[at], request=request), *case.steps[at + 1 :]))
            for at, request in requests
        )

    def take(self, steps: tuple[Compared, ...]) -> ComparedCase | None:
        """Take the answers to the next of `cases`; return the compared case with its experiments after the last one."""
        at, _ = self.interpretations[len(self.answers) // 2]
        self.answers.append(steps[at] if at < len(steps) else None)
        if len(self.answers) < 2 * len(self.interpretations):
            return None
        whole = list(self.compared.steps)
        for (at, one), flask, fastapi in zip(self.interpretations, self.answers[::2], self.answers[1::2], strict=True):
            if flask is not None and fastapi is not None:
                both = (flask.control, flask.candidate), (fastapi.control, fastapi.candidate)
                whole[at] = replace(whole[at], experiments=(*whole[at].experiments, Experiment(one.cause, *both)))
        return replace(self.compared, steps=tuple(whole))
