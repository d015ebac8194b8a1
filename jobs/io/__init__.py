"""What stands between the jobs and files, tables and sessions."""
