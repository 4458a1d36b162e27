"""Decide which backend answers a request. Pure: no I/O, no clock."""
