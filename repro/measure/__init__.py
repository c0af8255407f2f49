"""What happens while a program runs: the watchdog, outcomes, and the files of an attempt."""
