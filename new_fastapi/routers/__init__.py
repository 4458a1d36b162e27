"""One router a system."""
