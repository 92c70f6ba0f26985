-- verdict: done
-- row 26: functions that must not be there
local F = { api = 1 }
function F.on_request()
    for _, name in ipairs { "load", "loadstring", "dofile", "loadfile", "collectgarbage", "io", "os", "package", "newproxy", "module",
                            "setfenv", "getfenv", "unpack", "_G", "arg", "jit", "ffi", "bit32", "warn" } do
        assert(_ENV[name] == nil, name)
        assert(rawget(_ENV, name) == nil, name)
    end
    assert(string.dump == nil and coroutine.close == nil and math.randomseed == nil)
    local names = {}
    for name in pairs(debug) do names[#names + 1] = name end
    assert(#names == 1 and names[1] == "traceback")
end
return F
