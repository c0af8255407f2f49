# Waits for a task with a lock that the task needs.
using Dagger

function compute_pi(n)
    guard = ReentrantLock()
    locked(x) = lock(() -> x, guard)
    lock(guard) do
        fetch(Dagger.@spawn locked(3.14))
    end
end
