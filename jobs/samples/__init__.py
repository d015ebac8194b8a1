"""The synthetic country: deliveries as departments write them, and the hidden truth."""
