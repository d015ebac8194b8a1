"""The flow of a night, in order."""
