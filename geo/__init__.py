"""The model of places and incidents, PostGIS, and the algorithms. No HTTP and no HTML in here."""
