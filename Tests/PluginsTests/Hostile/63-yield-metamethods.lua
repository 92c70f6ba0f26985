-- verdict: done, error
-- row 63: coroutine.yield in every metamethod, and across callbacks
local F = { api = 1 }
function F.on_request()
    local names = { "__index", "__newindex", "__call", "__concat", "__eq", "__lt", "__le", "__len", "__unm", "__add", "__close", "__idiv", "__bnot" }
    local meta = {}
    for _, name in ipairs(names) do meta[name] = function() coroutine.yield(name) return 1 end end
    local seen = {}
    for name in coroutine.wrap(function()
        local a, b = setmetatable({}, meta), setmetatable({}, meta)
        local _ = a.x, a(), a .. b, a == b, a < b, a <= b, #a, -a, a + b, a // b, ~a
        a.x = 1
        do local c <close> = setmetatable({}, meta) end
    end) do seen[name] = true end
    for _, name in ipairs(names) do assert(seen[name], name) end
    local co = coroutine.create(function() ("x"):gsub("x", coroutine.yield) end)
    assert(not coroutine.resume(co))
    co = coroutine.create(function() table.sort({ 2, 1 }, coroutine.yield) end)
    assert(not coroutine.resume(co))
end
return F
