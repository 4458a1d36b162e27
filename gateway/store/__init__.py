"""Keep runs, results, evidence and the audit in SQL."""
