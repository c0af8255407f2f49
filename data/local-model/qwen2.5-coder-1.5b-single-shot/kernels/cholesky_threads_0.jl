using Base.Threads

function cholesky!(A::Matrix{Float64}, tile::Int)
    # Check if the matrix is symmetric positive definite
    n = size(A, 1)
    for i in 2:n
        if A[i, i] <= 0.0
            throw(LinearAlgebra.PosDefException(i))
        end
        for j in (i+1):n
            if A[i, j] < 0.0
                throw(LinearAlgebra.PosDefException(min(i, j)))
            end
        end
    end

    # Define the lower Cholesky factor L
    L = Matrix{Float64}(I, n, n)
    tile_size = min(tile, n)

    # Divide the matrix into tiles
    for i in 1:(n // tile_size + 1)
        for j in 1:(n // tile_size + 1)
            start_i = (i - 1) * tile_size
            start_j = (j - 1) * tile_size
            end_i = min(start_i + tile_size, n)
            end_j = min(start_j + tile_size, n)

            # Compute the lower Cholesky factor for each tile
            Threads.@spawn begin
                for k in start_i:end_i
                    for l in (k+1):end_j
                        L[k,l] = (A[k,k] - sum(A[k,j]*L[j,l])) / A[l,l]
                    end
                end
            end

            # Compute the upper Cholesky factor for each tile
            Threads.@spawn begin
                for k in start_i:end_i
                    for l in (k+1):end_j
                        L[l,k] = -L[k,l] / A[k,k]
                    end
                end
            end

            # Update the diagonal of L for the current tile
            Threads.@spawn begin
                for i in start_i:end_i
                    L[i,i] = sqrt(A[i,i] - sum(L[i,j]*L[j,i]))
                end
            end
        end
    end

    # Wait for all tasks to complete
    Threads.waitall()

    return L
end

# Example usage:
A = randn(100, 100)
tile = 32
cholesky!(A, tile)
