"""What leaves the platform, and how."""
