"""The files that both sides send as they are."""

from pathlib import Path

REPORT = Path(__file__).with_name("report.csv")
STATIC = Path(__file__).with_name("static")
