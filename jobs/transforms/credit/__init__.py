"""What the contracts of the credit register cannot say."""
