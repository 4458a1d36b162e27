"""Flip routes: what speaks against a flip, and the audit of those that are done."""
