"""Tests with a real Slurm cluster on this machine; see README.md."""
