"""Agent sessions that write programs: prompts, OpenCode, the sandbox, the gateway, the archive."""
