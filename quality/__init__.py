"""Is it true: suites derived from contracts, and the gate they form."""
