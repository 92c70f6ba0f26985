-- verdict: done
-- row 33: line ends in the request's own texts
local F = { api = 1 }
function F.on_request(req)
    for _, name in ipairs { "method", "host", "path", "query" } do
        assert(not pcall(function() req[name] = "a\r\nx: y" end), name)
        assert(not pcall(function() req[name] = nil end), name)
        assert(not pcall(function() req[name] = {} end), name)
    end
    assert(not pcall(function() req.scheme = "http" end))
    assert(not pcall(function() req.anything = 1 end))
end
return F
