# What problems on matrices in tiles share: inputs, who owns which tile, verification, and how to
# spoil a result.
include("inputs.jl")
include("verify.jl")
include("ownership.jl")
include("spoil.jl")
