# Shared by problems on matrices in tiles: inputs, verification, owners of tiles, and ways to corrupt
# a result.
include("inputs.jl")
include("verify.jl")
include("ownership.jl")
include("corrupt.jl")
