"""Bind verdicts to the code, cases and settings that they were made of, and tell when they are stale."""
