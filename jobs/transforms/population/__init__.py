"""What the contracts of the population cannot say."""
