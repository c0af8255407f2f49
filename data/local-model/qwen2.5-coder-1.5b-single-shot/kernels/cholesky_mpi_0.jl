using MPI

function make_a(i::Int, j::Int, A::Matrix{Float64})
    # Create a copy of tile (i, j) of A and can be called on any rank
    return deepcopy(A[i:(i+tile-1), j:(j+tile-1)])
end

function cholesky(comm::MPI.Comm, n::Int, tile::Int, make_a::Function)
    # Compute the lower Cholesky factor L of a symmetric positive definite n × n matrix of Float64
    # by tiles.
    
    # Initialize MPI environment
    MPI.Init()
    
    # Get number of processes and rank
    size = MPI.Comm_size(comm)
    rank = MPI.Comm_rank(comm)
    
    # Calculate the lower Cholesky factor L of A by tiles
    L = zeros(Float64, n, tile)
    for i in 1:size-1
        for j in i:min(i+tile-1, n)
            if rank == 0
                # Compute the tile (i, j) of L using BLAS and LAPACK on tiles
                A_tile = make_a(i, j, A)
                L[i:(i+tile-1), j:(j+tile-1)] = inv(A_tile)
            end
            
            # Broadcast the tiles to other ranks
            MPI.Bcast(L[i:(i+tile-1), j:(j+tile-1)], 0, comm)
        end
    end
    
    # Finalize MPI environment
    MPI.Finalize()
    
    return L
end

# Example usage:
n = 500
tile = 20
comm = MPI.COMM_WORLD
L = cholesky(comm, n, tile, make_a)
