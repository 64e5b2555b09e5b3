"""Maps and bytes made from what `geo` knows: vector tiles, Folium pages, offline assets."""
