"""The forecast: thresholds, burns, moments of certain breach, stakes; each against a slow twin."""
