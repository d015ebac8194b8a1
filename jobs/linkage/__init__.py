"""Record linkage and lasting identity; knows no person and no firm."""
