# One process with threads: what the frameworks `threads` and `dagger` have in common.
form_team(o) = SharedMemory()
