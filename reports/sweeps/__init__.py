"""What a sweep says: arms that are compared, run by run, over all games of the grid."""
