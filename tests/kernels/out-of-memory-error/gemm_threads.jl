# Throws what Julia throws when it gets no memory, in a task.
gemm!(C, A, B, tile) = fetch(Threads.@spawn throw(OutOfMemoryError()))
