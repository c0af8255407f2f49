# Computes for ever while it is loaded.
gemm!(C, A, B, tile) = C
while true end
