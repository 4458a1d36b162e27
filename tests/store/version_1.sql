-- A store of version 1, as that gateway's SQLAlchemy made it in SQLite and sqlite3 dumps it.
CREATE TABLE gateway_version (
	version INTEGER NOT NULL
);
INSERT INTO "gateway_version" VALUES(1);
CREATE TABLE gateway_runs (
	id INTEGER NOT NULL,
	began DATETIME NOT NULL,
	ended DATETIME,
	seed VARCHAR(40) NOT NULL,
	outcome VARCHAR(20),
	interrupted BOOLEAN NOT NULL,
	control TEXT NOT NULL,
	candidate TEXT NOT NULL,
	policy TEXT NOT NULL,
	corpus TEXT NOT NULL,
	control_name TEXT NOT NULL,
	candidate_name TEXT NOT NULL,
	cases INTEGER NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO "gateway_runs" VALUES(1,'2026-11-20 14:03:07.000250','2026-11-20 14:03:07.000250','7','mismatched',0,'aa','bb','cc','dd','todos.list_todos','new:list_todos',41);
CREATE TABLE gateway_results (
	id INTEGER NOT NULL,
	run INTEGER NOT NULL,
	case_name TEXT NOT NULL,
	step INTEGER NOT NULL,
	route TEXT NOT NULL,
	outcome VARCHAR(20) NOT NULL,
	note TEXT NOT NULL,
	request TEXT NOT NULL,
	request_body BLOB NOT NULL,
	control TEXT,
	control_body BLOB,
	control_seconds FLOAT,
	candidate TEXT,
	candidate_body BLOB,
	candidate_seconds FLOAT,
	verdicts TEXT NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(run) REFERENCES gateway_runs (id)
);
CREATE INDEX ix_gateway_results_run ON gateway_results (run);
INSERT INTO "gateway_results" VALUES(1,1,'todos/list',0,'GET /todos','ignored','"a note\u0000"','["GET", "/todos?q=\u00ff", [["Cookie", "a=\u00e9"], ["Cookie", "b=2"]]]',X'00FF','[null, [200, [["Content-Type", "application/json"]], false]]',X'5B5D',0.25,'["ValueError: \u0000 and \ud800 and caf\u00e9", null]',NULL,0.5,'[["body.a\u0000", null, "\"\u2028\"", "ignored", "so be it", "sorted"]]');
CREATE TABLE gateway_evidence (
	id INTEGER NOT NULL,
	run INTEGER NOT NULL,
	route TEXT NOT NULL,
	outcome VARCHAR(20) NOT NULL,
	matched INTEGER NOT NULL,
	ignored INTEGER NOT NULL,
	mismatched INTEGER NOT NULL,
	inconclusive INTEGER NOT NULL,
	power FLOAT NOT NULL,
	note TEXT NOT NULL,
	made DATETIME NOT NULL,
	control TEXT NOT NULL,
	candidate TEXT NOT NULL,
	policy TEXT NOT NULL,
	corpus TEXT NOT NULL,
	control_name TEXT NOT NULL,
	candidate_name TEXT NOT NULL,
	cases INTEGER NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(run) REFERENCES gateway_runs (id)
);
CREATE INDEX ix_gateway_evidence_route ON gateway_evidence (route);
INSERT INTO "gateway_evidence" VALUES(1,1,'GET /todos','mismatched',38,1,2,3,0.0741,'why not','2026-11-20 14:03:07.000250','aa','bb','cc','dd','todos.list_todos','new:list_todos',41);
CREATE TABLE gateway_audit (
	id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	who TEXT NOT NULL,
	action VARCHAR(20) NOT NULL,
	route TEXT NOT NULL,
	"before" TEXT NOT NULL,
	"after" TEXT NOT NULL,
	reason TEXT NOT NULL,
	forced BOOLEAN NOT NULL,
	evidence INTEGER,
	PRIMARY KEY (id),
	FOREIGN KEY(evidence) REFERENCES gateway_evidence (id)
);
INSERT INTO "gateway_audit" VALUES(1,'2026-11-20 14:03:07.000250','ada','flip','GET /todos','legacy','canary 10 %','the fire is out',1,1);
