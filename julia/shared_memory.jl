# One process with threads, for the frameworks `threads` and `dagger`.
form_team(o) = SharedMemory()
