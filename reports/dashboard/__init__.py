"""A market to play with in the browser, on Mesa's SolaraViz; needs the extra `dashboard`."""
