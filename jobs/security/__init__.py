"""Keys and pseudonyms."""
