"""When: thin files that turn plans into DAGs."""
