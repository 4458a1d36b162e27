"""What a person reads when the gateway refuses: where, what, what to do."""

import pytest

from gateway.errors import Fault, GatewayError, ImportAppError, MapError, suggest


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("m.toml", 12, 'routes."GET /x"', "wrong"), 'm.toml:12: routes."GET /x": wrong'),
        (Fault("m.toml", 12, "", "not TOML"), "m.toml:12: not TOML"),
        (Fault("Gateway(...)", None, 'routes."/x"', "wrong"), 'Gateway(...): routes."/x": wrong'),
        (Fault("m.toml", None, "", "cannot be read"), "m.toml: cannot be read"),
    ],
)
def test_a_fault_says_where_it_is_as_far_as_that_is_known(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_a_map_error_is_its_faults_in_the_order_of_the_file() -> None:
    whole, first, second = (Fault("m.toml", line, "", f"wrong {line}") for line in (None, 9, 10))
    error = MapError((second, whole, first))
    assert error.faults == (whole, first, second)
    assert str(error) == "m.toml: wrong None\nm.toml:9: wrong 9\nm.toml:10: wrong 10"


@pytest.mark.parametrize("kind", [MapError, ImportAppError])
def test_every_refusal_is_a_gateway_error(kind: type[Exception]) -> None:
    assert issubclass(kind, GatewayError)


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("nwe", ["legacy", "new"], '; did you mean "new"?'),
        ("GET /todo", ["GET /users", "GET /todos", "POST /todos"], '; did you mean "GET /todos"?'),
        ("zzz", ["legacy", "new"], ""),
        ("new", [], ""),
        ("", ["new"], ""),
    ],
)
def test_suggest_names_the_closest_word_or_nothing(word: str, known: list[str], text: str) -> None:
    assert suggest(word, known) == text
