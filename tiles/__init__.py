"""Maps and bytes made from what `geo` knows: Folium pages, offline assets, and later vector tiles."""
