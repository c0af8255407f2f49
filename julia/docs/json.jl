# A writer of JSON, because Julia has none and this must run without packages.

"""Write `value` (nothing, Bool, Integer, text, array, or pairs with text first) as JSON."""
write_json(io::IO, ::Nothing) = print(io, "null")
write_json(io::IO, value::Bool) = print(io, value)
write_json(io::IO, value::Integer) = print(io, value)

function write_json(io::IO, text::AbstractString)
    print(io, '"')
    for char in text
        if !isvalid(char)
            print(io, '\ufffd')  # invalid UTF-8 would make the whole line unreadable
        elseif char == '"' || char == '\\'
            print(io, '\\', char)
        elseif char == '\n'
            print(io, "\\n")
        elseif char < ' ' || char == '\x7f'
            print(io, "\\u", string(UInt32(char), base = 16, pad = 4))
        else
            print(io, char)
        end
    end
    print(io, '"')
end

function write_json(io::IO, values::AbstractVector)
    print(io, '[')
    for (position, value) in enumerate(values)
        position > 1 && print(io, ", ")
        write_json(io, value)
    end
    print(io, ']')
end

function write_json(io::IO, fields::AbstractVector{<:Pair})
    print(io, '{')
    for (position, (name, value)) in enumerate(fields)
        position > 1 && print(io, ", ")
        write_json(io, name)
        print(io, ": ")
        write_json(io, value)
    end
    print(io, '}')
end
