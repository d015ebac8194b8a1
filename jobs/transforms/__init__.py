"""Pure functions from DataFrame to DataFrame, where a contract alone is not enough."""
