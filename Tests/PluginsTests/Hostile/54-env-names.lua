-- verdict: done
-- row 54: odd names in the environment
local F = { api = 1 }
function F.on_request()
    for _, key in ipairs { 1, true, {}, print, 1.5 } do assert(_ENV[key] == nil) end
    assert(not pcall(function() _ENV[1] = 1 end))
    assert(not pcall(function() _ENV[{}] = 1 end))
    assert(_ENV["json\0x"] == nil)
    rawset(_ENV, "json", "mine")
    assert(json == "mine")
end
return F
