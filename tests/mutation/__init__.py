"""Whether a run sees the mistakes that people make: each is planted in the new side, and the corpus replayed."""
