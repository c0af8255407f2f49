using LinearAlgebra

function cholesky!(A::Matrix{Float64}, tile)
    n = size(A, 1)
    
    # Check if A is positive definite
    if any(x -> x <= 0, diag(A))
        throw(LinearAlgebra.PosDefException(n))
    end
    
    for i in 1:n
        L[i, i] = sqrt(A[i, i])
        
        # Compute the lower triangle of L using BLAS
        blas_lasr("L", "U", n - i + 1, 1, A[i, i], 1, L[i, i:end], 1)
    end
    
    # Copy the upper triangular part to L
    copy!(L[2:n, 1:n-1], L[1:n-1, 2:n])
end

# Example usage:
A = randn(4, 4)
tile = 2
cholesky!(A, tile)
println(A)
