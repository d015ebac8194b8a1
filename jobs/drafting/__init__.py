"""Drafts of contracts: of a new source from a sample of it, and of columns that a delivery has and its contract does not know."""
