"""The shape of a statement: which verb, which tables, whatever wrote it."""

from __future__ import annotations

import pytest

from gateway.parity.replaying.statements import shape_of

SHAPES = {
    "SELECT todos.id FROM todos ORDER BY todos.id": "SELECT todos",
    "select * from trips AS t, stops s JOIN x ON x.id = s.id where t.id = 1": "SELECT stops+trips+x",
    "SELECT * FROM a LEFT OUTER JOIN b USING (id), c": "SELECT a+b",
    'SELECT 1 FROM "a b".`users` u': "SELECT users",
    "SELECT * FROM [orders]": "SELECT orders",
    "SELECT extract(year FROM created) FROM orders FOR UPDATE SKIP LOCKED": "SELECT orders",
    "SELECT a IS DISTINCT FROM b FROM c": "SELECT c",
    "SELECT * FROM json_each('x')": "SELECT",
    "SELECT 'FROM users'": "SELECT",
    "SELECT EXISTS (SELECT * FROM a WHERE 1)": "SELECT a",
    "(SELECT * FROM a) UNION SELECT * FROM b": "SELECT a+b",
    "INSERT INTO todos (title) VALUES (?)": "INSERT todos",
    "INSERT INTO s.todos(title) SELECT 1 FROM users u": "INSERT todos+users",
    "INSERT OR REPLACE INTO z VALUES ('from q')": "INSERT z",
    "REPLACE INTO z VALUES (1)": "INSERT z",
    "INSERT INTO l (key) VALUES (?) ON CONFLICT (key) DO UPDATE SET hits = 1": "INSERT l",
    "UPDATE todos SET x = 1 WHERE id IN (SELECT id FROM users)": "UPDATE todos+users",
    "UPDATE ONLY todos SET x = 1": "UPDATE todos",
    'DELETE FROM "todos" USING users': "DELETE todos+users",
    "WITH a AS (SELECT 1 FROM b) INSERT INTO c SELECT * FROM a": "INSERT b+c",
    "WITH a AS MATERIALIZED (SELECT 1 FROM b), d AS (DELETE FROM e) SELECT * FROM a": "SELECT b+e",
    "CREATE TABLE IF NOT EXISTS x (id int)": "CREATE x",
    "DROP TABLE x": "DROP x",
    "/* the\nlist */ SELECT * -- all\n FROM todos": "SELECT todos",
}


@pytest.mark.parametrize(("statement", "shape"), SHAPES.items())
def test_names_verb_and_tables(statement: str, shape: str) -> None:
    assert shape_of(statement) == shape


@pytest.mark.parametrize(
    "statement",
    ["BEGIN", "begin immediate", "COMMIT", "ROLLBACK TO a", "SAVEPOINT a", "PRAGMA x = ON", "SET x = 1", "", "-- note"],
)
def test_transaction_control_has_no_shape(statement: str) -> None:
    assert shape_of(statement) is None
