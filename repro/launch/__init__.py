"""Sites, the launch line, the local launcher and resume."""
