"""Judge what two backends did with one request. Pure: the same code serves replays and, later, live traffic."""
