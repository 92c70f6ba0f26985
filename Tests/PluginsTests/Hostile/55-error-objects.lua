-- verdict: done
-- row 55: error values of all kinds pass unharmed
local F = { api = 1 }
function F.on_request(req)
    for _, value in ipairs { 1, "x", true, {}, print, req, coroutine.running(), setmetatable({}, { __tostring = error }) } do
        local ok, caught = pcall(error, value)
        assert(not ok and (caught == value or type(value) == "string"))
        ok, caught = coroutine.resume(coroutine.create(error), value, 0)
        assert(not ok and caught == value)
        ok, caught = pcall(coroutine.wrap(error), value, 0)
        assert(not ok)
    end
    assert(not pcall(error, "x", math.maxinteger))
    assert(not pcall(error, "x", math.mininteger))
end
return F
