-- verdict: reply
-- row 51: responds in a coroutine, in pcall, in a comparator
local F = { api = 1 }
function F.on_request(req)
    pcall(table.sort, { 2, 1 }, function()
        coroutine.wrap(function() pcall(coroutine.wrap(function() req:respond(418, { x = "y" }, "teapot") end)) end)()
    end)
    error("returned")
end
return F
