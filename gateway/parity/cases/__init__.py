"""Where cases come from and how they stand in files; what is recorded is redacted first."""
