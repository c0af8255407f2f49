# The result file: one record a line, `JSON <tab> MAC`.  Each MAC covers the one before it, so that
# a kernel that adds, changes, repeats or removes lines is noticed by whoever knows the token.
using SHA: hmac_sha256
using Base: Filesystem

"A result file and the end of its chain.  The token is a secret of the harness and the watchdog."
mutable struct Log
    path::String
    token::String
    mac::String
    silent::Bool
end
Log(path, token) = Log(abspath(path), token, "", false)

"Append one record.  Unbuffered, so that a killed run keeps all that it had."
function record!(log::Log, fields::Pair{String}...)
    log.silent && return
    text = json(fields)
    log.mac = chain(log.token, log.mac, text)
    append(log.path, text * '\t' * log.mac * '\n')
end

"""
The last record, of a failure.  A rank that is otherwise silent begins a file of its own, as the
others may be writing too.
"""
function fail(log::Log, fields, rank)
    path = rank == 0 ? log.path : "$(log.path).$rank"
    last_words = Log(path, log.token, rank == 0 ? log.mac : "", false)
    record!(last_words, fields..., "rank" => rank)
end

chain(token, previous, text) =
    bytes2hex(hmac_sha256(Vector{UInt8}(token), Vector{UInt8}(previous * text)))[1:32]

# The file is opened anew for each record, as a kernel may have moved, truncated or closed what it
# found; and with O_APPEND, so that a line of the kernel's is never written over but kept.
function append(path, line)
    flags = Filesystem.JL_O_WRONLY | Filesystem.JL_O_CREAT | Filesystem.JL_O_APPEND
    file = Filesystem.open(path, flags, 0o644)
    try
        write(file, line)
    finally
        close(file)
    end
    nothing
end

json(fields::Tuple) = "{" * join((json(k) * ":" * json(v) for (k, v) in fields), ",") * "}"
json(::Nothing) = "null"
json(x::Union{Bool,Integer}) = string(x)
json(x::AbstractFloat) = isfinite(x) ? string(Float64(x)) : "null"
json(s::AbstractString) = "\"" * join(json_character(c) for c in s) * "\""

function json_character(c::Char)
    isvalid(c) || return "\ufffd"
    c == '"' && return "\\\""
    c == '\\' && return "\\\\"
    c == '\n' && return "\\n"
    c < ' ' || c == '\x7f' ? "\\u" * string(UInt32(c), base = 16, pad = 4) : string(c)
end
