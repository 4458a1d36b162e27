"""Run parity as tests, and record tests as cases, in pytest."""
