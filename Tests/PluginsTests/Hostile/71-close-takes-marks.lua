-- verdict: error
-- row 71: a __close takes the error values that are ours: of a reply that was raised in a coroutine, of an await
local F = { api = 1 }
local kept = {}
function F.on_request(req)
    for _, value in ipairs(kept) do
        assert(not pcall(function() return value.path end))
        assert(not pcall(rawget, value, 1))
        local co = coroutine.create(function() coroutine.yield(value) end)
        local _, got = coroutine.resume(co)
        assert(got == value and coroutine.status(co) == "suspended")
        assert(coroutine.resume(co))
    end
    if #kept > 0 then error(kept[1]) end
    local co = coroutine.create(function()
        pcall(function()
            local c <close> = setmetatable(kept, { __close = table.insert })
            req:respond(204)
        end)
    end)
    coroutine.resume(co)
end
return F
