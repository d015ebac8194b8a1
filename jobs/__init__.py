"""How: the steps of a night and what they are made of."""
