"""What people ask of the lake: the catalogue, why an entity is one, how good the linkage is. No JVM."""
