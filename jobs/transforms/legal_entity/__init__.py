"""What the contracts of the legal-entity register cannot say."""
