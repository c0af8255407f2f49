# Facts about BLAS.  Julia 1.5 cannot report them, so they come from the library itself.  From 1.7 on
# it is behind a trampoline that lists the loaded libraries.
using LinearAlgebra, Libdl

blas_library() = isdefined(BLAS, :get_config) ? first(BLAS.get_config().loaded_libs).libname :
                                                BLAS.libblas

"Return the address of a function of OpenBLAS, or `nothing` if this BLAS does not have it."
function blas_function(name)
    library = dlopen(blas_library())
    for symbol in (Symbol(name, "64_"), Symbol(name))
        address = dlsym(library, symbol; throw_error = false)
        address === nothing || return address
    end
    nothing
end

blas_name() = replace(first(split(basename(blas_library()), '.')), r"^lib|_$" => "")

function blas_core()
    f = blas_function("openblas_get_corename")
    f === nothing ? nothing : unsafe_string(ccall(f, Cstring, ()))
end

function blas_threads()
    f = blas_function("openblas_get_num_threads")
    f === nothing ? nothing : Int(ccall(f, Cint, ()))
end
