
function gemm(n, tile, make_a, make_b)
  # Implementation of the matrix product C = A*B of two n × n matrices of Float64 by tiles
end
