using MPI

# Global variables
n = 1024  # Size of the matrix (n x n)
tile = 64   # Tile size
comm = MPI.COMM_WORLD

function make_a(i, j)
    # Return a new copy of tile (i, j) of A
    return rand(Float64, tile, tile)
end

function make_b(i, j)
    # Return a new copy of tile (i, j) of B
    return rand(Float64, tile, tile)
end

function gemm(comm, n, tile, make_a, make_b)
    # Initialize the matrix C with zeros
    C = zeros(Float64, n, n)

    # Number of tiles in each dimension
    num_tiles_x = ceil(Int, (n + tile - 1) / tile)
    num_tiles_y = ceil(Int, (n + tile - 1) / tile)

    # Distribute the matrix A and B among the ranks
    A = make_a(1:tile, 1:tile)
    B = make_b(1:tile, 1:tile)

    # Initialize the tiles of C with zeros
    C_local = zeros(Float64, tile, tile)

    # Compute the matrix product in parallel
    for i in 1:num_tiles_x
        for j in 1:num_tiles_y
            # Determine the submatrix of A and B that this rank will compute
            start_i = (i - 1) * tile + 1
            end_i = min(start_i + tile, n)
            start_j = (j - 1) * tile + 1
            end_j = min(start_j + tile, n)

            # Compute the submatrix of C that this rank will compute
            for ii in start_i:end_i
                for jj in start_j:end_j
                    C_local[ii-start_i+1,jjj-start_j+1] = 0.0
                    for kk in 1:tile
                        C_local[ii-start_i+1,jjj-start_j+1] += A[ii,kk] * B[kk,jj]
                    end
                end
            end

            # Gather the tiles of C from the other ranks
            for rank in MPI.Comm_rank(comm)
                if rank != comm.rank
                    recv = zeros(Float64, tile, tile)
                    MPI.Recv(recv, source=rank, tag=0)
                    for ii in 1:num_tiles_x
                        for jj in 1:num_tiles_y
                            C[i*tile-1+ii,j*j-1+jj] += recv[ii,jj]
                        end
                    end
                end
            end

            # Send the tiles of C back to the other ranks
            for rank in MPI.Comm_rank(comm)
                if rank != comm.rank
                    send = zeros(Float64, tile, tile)
                    for ii in 1:num_tiles_x
                        for jj in 1:num_tiles_y
                            send[ii,jj] = C[i*tile-1+ii,j*j-1+jj]
                        end
                    end
                    MPI.Send(send, dest=rank, tag=0)
                end
            end

            # Update the global matrix C
            for ii in 1:num_tiles_x
                for jj in 1:num_tiles_y
                    C[i*tile-1+ii,j*j-1+jj] += C_local[ii,jj]
                end
            end
        end
    end

    return C
end

# Initialize MPI
MPI.Init()

# Compute the matrix product
C = gemm(comm, n, tile, make_a, make_b)

# Print the result
println("Matrix C:")
for i in 1:n
    for j in 1:n
        print(C[i,j], " ")
    end
    println()
end

# Finalize MPI
MPI.Finalize()
