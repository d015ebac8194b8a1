"""This box: start and stop Airflow and Spark Connect, take nights through them, look for what is wrong."""
