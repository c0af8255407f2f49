# Needs a package that is not installed.
using NoSuchPackage123

gemm!(C, A, B, tile) = NoSuchPackage123.gemm!(C, A, B, tile)
