"""A schema turns a table into values; all else in it becomes faults, each at its own line."""

from __future__ import annotations

from gateway.config import checks
from gateway.config.table_reader import Schema, TableReader

SCHEMA = Schema(
    {"name": checks.text("is no name"), "size": checks.count("is no size"), "any": None},
    kind="key",
    required={"name": '"Bolt"'},
    renamed={"length": "size"},
)
TEXT = """\
size = 1

[[shelf]]
name = "a"

[[shelf]]
# the second
name = ""
length = 3
siez = 2
box = { size = 0 }

[[shelf.bin]]
size = -1
"""


def faults_of(reader: TableReader) -> list[str]:
    return [str(fault) for fault in reader.faults]


def test_what_a_schema_allows_is_returned_and_all_else_is_a_fault() -> None:
    reader = TableReader("m.toml", TEXT)
    tree = reader.parse()
    assert tree is not None
    assert reader.settings(("shelf", 1), tree["shelf"][0], SCHEMA) == {"name": "a"}
    assert faults_of(reader) == []
    assert reader.settings(("shelf", 2), {**tree["shelf"][1], "any": [1]}, SCHEMA) == {"any": [1]}
    assert reader.settings(("shelf", 2, "bin", 1), tree["shelf"][1]["bin"][0], SCHEMA) == {}
    assert faults_of(reader) == [
        'm.toml:9: shelf[2].length: is called "size" now',
        'm.toml:10: shelf[2].siez: unknown key "siez"; did you mean "size"?',
        'm.toml:11: shelf[2].box: unknown key "box"; known are name, size, any',
        'm.toml:13: shelf[2].bin: unknown key "bin"; known are name, size, any',
        'm.toml:8: shelf[2].name: "" is no name',
        "m.toml:14: shelf[2].bin[1].size: -1 is no size",
        'm.toml:13: shelf[2].bin[1]: no name; write name = "Bolt"',
    ]


def test_the_numbers_of_tables_may_be_left_out() -> None:
    reader = TableReader("m.toml", TEXT, counts_tables=False)
    reader.fault(("shelf", 2, "bin", 1, "size"), "wrong")
    assert faults_of(reader) == ["m.toml:14: shelf.bin.size: wrong"]


def test_a_table_of_free_names_becomes_pairs() -> None:
    reader = TableReader("m.toml", "[names]\na = 1\nb = 0\n")
    assert reader.pairs(("names",), {"a": 1, "b": 0}, checks.count("is no count")) == (("a", 1),)
    assert faults_of(reader) == ["m.toml:3: names.b: 0 is no count"]


def test_a_key_without_a_line_has_that_of_the_nearest_around_it() -> None:
    reader = TableReader("m.toml", TEXT)
    assert reader.line(("shelf", 2, "box", "size", "deep")) == 11
    assert reader.line(("shelf", 7)) == 3
    assert reader.line(("elsewhere",)) is None
    assert TableReader("m.toml").line(("size",)) is None


def test_what_is_not_toml_is_one_fault() -> None:
    reader = TableReader("m.toml", "[[shelf]]\nname = 'a'\n[[shelf]]\nname = 'b'\nname = 'c'\n")
    assert reader.parse() is None
    assert faults_of(reader) == ["m.toml:5: shelf[2].name: stands twice (first on line 4); keep one of the two"]
    reader = TableReader("m.toml", "a = " + "[" * 10_000)
    assert reader.parse() is None
    assert faults_of(reader) == ["m.toml: not TOML that anybody wrote: its lists or tables are too deep"]
