"""The experiment as data, and its expansion into programs, scale points and cells."""
