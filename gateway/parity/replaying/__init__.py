"""The sides: processes with a state of their own, asked the same, watched."""
