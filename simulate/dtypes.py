"""What numbers games are played in."""

DTYPES = ("float64", "float32")
