using Dagger

@spawn function cholesky_tile!(A::Matrix{Float64}, tile::Int)
    # Check if the matrix is square and positive definite
    if size(A) != (size(A, 1), size(A, 2))
        throw(DimensionMismatch("Matrix must be square"))
    end
    
    n = size(A, 1)
    
    # Define a function to compute Cholesky factor for a tile of A
    @inbounds function tile_chol!(A::Matrix{Float64}, i::Int, j::Int, tile::Int)
        if i == j && i < n - tile + 1
            A[i, i] = sqrt(A[i, i])
            for k in i + 1:min(i + tile - 1, n - 1)
                A[i, k] /= A[i, i]
                A[k, k] -= A[k, i]^2 * A[i, i]
            end
        elseif j < i
            A[j, i] = A[i, j]
        else
            # The upper triangle is already filled
        end
    end
    
    # Compute Cholesky factor for each tile of A in parallel
    for i in 1:floor(Int, n / tile)
        for j in 1:floor(Int, n / tile)
            tile_chol!(A, i * tile + 1, j * tile + 1, tile)
        end
    end
    
    # Check if the matrix is still positive definite
    for i = 1:n - 1
        for j = i + 1:n
            if A[i, j] < 0
                throw(LinearAlgebra.PosDefException(i))
            end
        end
    end
end

function cholesky!(A::Matrix{Float64}, tile::Int)
    @spawn cholesky_tile!(A, tile)
end
