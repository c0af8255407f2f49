"""Claims about a study's programs: read from TOML, each judged by what a dataset shows."""
