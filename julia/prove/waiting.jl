# Waits for what never happens, to be asked for its stack.
println("waiting")
flush(stdout)
wait(Condition())
