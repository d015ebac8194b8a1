"""Rows of the three registers as clerks write them: what is true, and what went wrong."""
