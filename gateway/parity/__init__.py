"""Replay requests on both sides, compare answers and effects, and explain every difference."""
