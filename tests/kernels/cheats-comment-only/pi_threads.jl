# Threads.@spawn everywhere, but not in code.
"""
Uses `Threads.@threads` and Threads.@spawn.
"""
function rule(n)
    s = 0.0
    for i in 1:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    s / n
end

#= Threads.@threads for i in 1:n
   end =#
function compute_pi(n)
    method = "Threads.@spawn"  # Threads.@spawn rule(n)
    plan = :(Threads.@spawn rule(n))
    rule(n)
end
