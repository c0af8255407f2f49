# The result file: one record per line, `JSON <tab> MAC`.  Each MAC covers the previous one, so a
# reader with the token notices if a kernel adds, changes, repeats or removes lines.
using SHA: hmac_sha256
using Base: Filesystem

"A result file and its last MAC.  The token is a secret of the harness and the watchdog."
mutable struct Log
    path::String
    token::String
    mac::String
    silent::Bool
    phase::String
end
Log(path, token) = Log(abspath(path), token, "", false, "start")

"Append one record, unbuffered, so that a killed run keeps all its records."
function record!(log::Log, fields::Pair{String}...)
    log.silent && return
    text = json(fields)
    log.mac = chain(log.token, log.mac, text)
    append(log.path, text * '\t' * log.mac * '\n')
end

"""
Write the last record, of a failure.  A rank other than 0 writes a separate file, because several
ranks can fail at once.
"""
function fail(log::Log, fields, rank)
    last_words = rank == 0 ? log : Log("$(log.path).$rank", log.token)
    record!(last_words, fields..., "rank" => rank)
end

chain(token, previous, text) =
    bytes2hex(hmac_sha256(Vector{UInt8}(token), Vector{UInt8}(previous * text)))[1:32]

# The file is opened for each record, because a kernel can move, truncate or close it.  O_APPEND
# ensures that lines of a kernel are not overwritten.
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
