using LinearAlgebra

function test_cholesky_threads()
    println("Testing cholesky!(A, tile)")

    # Test cases
    for n in [1, 3, 5, 7]
        for tile in [2, 4, 6, 8, 10]
            A = randn(n, n)
            try
                L = zeros(n, n)
                cholesky!(L, tile)
                
                # Check if L is lower triangular
                @assert all(diag(L) .>= 0)
                
                # Check if L*L' == A
                L_prime = transpose(L)
                @assert norm(A - L * L_prime) < 1e-10
                
                println("Test passed for n=$n, tile=$tile")
            catch e
                @show n, tile, e
                return false
            end
        end
    end
    
    println("ALL TESTS PASSED")
    return true
end
