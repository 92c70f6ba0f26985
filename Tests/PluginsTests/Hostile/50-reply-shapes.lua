-- verdict: done
-- row 50: replies of odd tables
local F = { api = 1 }
function F.on_request()
    local cyclic = {}
    cyclic.x = cyclic
    local bad = { {}, { nil }, { "200" }, { 200, "x" }, { 200, { 1 } }, { 200, { x = {{}} } }, { 200, {}, cyclic }, { 200, {}, print }, { 200, {}, { 0 / 0 } },
        { 200, {}, true }, { 200, setmetatable({}, { __pairs = function() while true do end end }), coroutine.running() } }
    for index, arguments in ipairs(bad) do assert(not pcall(gw.reply, arguments[1], arguments[2], arguments[3]), index) end
    local big = {}
    for i = 1, 100 do big[i] = ("x"):rep(1000) end
    assert(not pcall(gw.reply, 200, { x = big }))
    local r = gw.reply(201, { a = "1" }, { b = 2 })
    assert(r.status == 201 and r.body == '{"b":2}')
    assert(not pcall(function() r.status = 999 end))
    assert(r[1] == nil and r[r] == nil)
end
return F
