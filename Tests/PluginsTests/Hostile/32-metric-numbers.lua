-- verdict: done
-- row 32: amounts that are none
local c = gw.metrics.counter("hostile_numbers_total", "x")
local h = gw.metrics.histogram("hostile_numbers_seconds", "x", {}, { buckets = { 1, 2 } })
local F = { api = 1 }
function F.on_request()
    assert(not pcall(c.inc, c, -1))
    assert(not pcall(c.inc, c, 0 / 0))
    assert(not pcall(h.observe, h, 1 / 0))
    assert(not pcall(h.observe, h, 0 / 0))
    c:inc()
    h:observe(1.5)
end
return F
