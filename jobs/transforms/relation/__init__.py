"""What the contracts of the relations cannot say."""
