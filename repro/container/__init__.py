"""Pins, Julia, and the command line in front of every program."""
