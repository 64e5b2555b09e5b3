"""One module of endpoints for each noun of the model."""
