"""The same request to both sides, answers and effects compared, every difference explained."""
