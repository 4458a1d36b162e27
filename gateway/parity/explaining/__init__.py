"""Known causes of differences, and what to do about each."""
