"""What linkage is measured with: records made up by the million, public data sets, and Splink beside our engine."""
