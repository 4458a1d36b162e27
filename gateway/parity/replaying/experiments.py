"""Cases asked to learn how each side has read a request, beside the case that differed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...comparing.causes.interpretations import Interpretation, interpretations_of
from ...comparing.compared import Compared, Experiment
from ...http.message import Request
from ..compared_case import ComparedCase
from ..corpus.case import Case


@dataclass
class PendingExperiments:
    """A pair that waits for the answers to its experiments."""

    pair: ComparedCase
    different: tuple[int, ...]
    """Numbers of the steps that differ."""
    tried: tuple[tuple[int, Interpretation], ...]
    """(step, one way to read its request)."""
    answers: list[Compared | None] = field(default_factory=list)
    """In the order of `cases`, as they are asked."""

    @classmethod
    def of(cls, pair: ComparedCase, different: Iterable[int]) -> PendingExperiments | None:
        """None where no request that differs can be read in two ways."""
        steps = pair.case.steps
        tried = tuple(
            (number, reading) for number in different for reading in interpretations_of(steps[number].request)
        )
        return cls(pair, tuple(different), tried) if tried else None

    @property
    def cases(self) -> tuple[Case, ...]:
        """Two for each trial, as Flask is thought to have read the request and as FastAPI is."""
        case = self.pair.case

        def reading(number: int, request: Request) -> Case:
            steps = list(case.steps)
            steps[number] = replace(steps[number], request=request)
            return replace(case, steps=tuple(steps))

        return tuple(reading(number, request) for number, one in self.tried for request in (one.control, one.candidate))

    def take(self, steps: tuple[Compared, ...]) -> ComparedCase | None:
        """The next case's answers; the pair, when they are all there."""
        number, _ = self.tried[len(self.answers) // 2]
        self.answers.append(steps[number] if number < len(steps) else None)
        return self._whole() if len(self.answers) == 2 * len(self.tried) else None

    def _whole(self) -> ComparedCase:
        steps = list(self.pair.steps)
        for (number, reading), control, candidate in zip(
            self.tried, self.answers[::2], self.answers[1::2], strict=True
        ):
            if control is not None and candidate is not None:
                trial = Experiment(
                    reading.cause,
                    (control.control, control.candidate),
                    (candidate.control, candidate.candidate),
                )
                steps[number] = replace(steps[number], experiments=(*steps[number].experiments, trial))
        return replace(self.pair, steps=tuple(steps))
