"""The model of places and matters, PostGIS, and the algorithms. No HTTP and no HTML in here."""
