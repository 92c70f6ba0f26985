-- verdict: done
-- row 33: a status that is none
local F = { api = 1 }
function F.on_response(res)
    for _, status in ipairs { "200 OK\r\n", "200", 99, 1000, 199, 600, 200.5, {}, true } do
        assert(not pcall(function() res.status = status end), tostring(status))
    end
    assert(not pcall(function() res.status = nil end))
    assert(not pcall(function() res.body = "x" end))
    res.status = 404.0
    assert(res.status == 404)
end
return F
