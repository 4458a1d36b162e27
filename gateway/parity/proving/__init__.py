"""What evidence is bound to, and the documents that follow from it."""
