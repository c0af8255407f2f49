"""One file a command: options, progress, exit codes; no logic beyond that."""
