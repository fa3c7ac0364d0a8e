"""The command line: one file a command.  It sits on top, because commands show what reports make."""
