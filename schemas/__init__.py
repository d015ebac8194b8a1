"""What: contracts, code tables, semantic types and names. Imports neither Spark nor Airflow."""
