using Distributed, Dagger

function make_a(i, j)
    # Generate a new copy of tile (i, j) of A
    # This function can be called on any worker
end

function cholesky(n, tile, make_a)
    # Compute the lower Cholesky factor L of a symmetric positive definite n × n matrix of Float64,
    # A = L*L', by tiles.
    
    # Divide the matrix into tiles of tile × tile entries; those in the last tile row and column
    # are smaller if tile does not divide n. Both n and tile are any integers from 1 up, and tile
    # may exceed n.
    
    # The work on tiles runs in parallel as tasks; a task may call BLAS and LAPACK on tiles,
    # but the factorisation must not be one LAPACK call, and BLAS itself must stay at one thread. L has a
    # positive diagonal. If A is not positive definite, throw LinearAlgebra.PosDefException(k) where k
    # is the order of the first leading minor that is not positive.
    
    # Define `cholesky(n, tile, make_a)`. It is called once, on the driver process. `make_a(i, j)` returns
    # a new copy of tile (i, j) of A and can be called on any worker. Return the tiles (i, j) of L, i ≥ j,
    # as Dict of (i, j) => Dagger.Chunk; the data stays on the workers.
    
    # The strict upper triangle of a diagonal tile is ignored.
    
    # The file is included in Main of the driver; what workers need of it, it
    # defines on them by `@everywhere`.
    
    # It is parallel by Dagger.jl on workers of Distributed: `using Distributed, Dagger`, tasks by
    # `Dagger.@spawn` or `Dagger.spawn_datadeps` with a scope or worker. Data is to stay where it is made.
    
    # Must be correct, fast, and scale to many more workers than a laptop has.
end

if !isinteractive()
    @everywhere begin
        make_a(i, j) = copy(A[i:i+tile-1, j:j+tile-1])
    end
    
    n = 100
    tile = 25
    A = randn(n, n)
    
    try
        L = cholesky(n, tile, make_a)
        println("Lower Cholesky factor L of A:")
        print(L)
    catch e
        if isa(e, LinearAlgebra.PosDefException)
            println("A is not positive definite.")
        else
            throw(e)
        end
    end
    
    @shutdown Distributed
end
