"""Running cells: sites, command lines, launchers on this machine and Slurm, run directories."""
