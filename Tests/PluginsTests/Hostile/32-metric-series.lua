-- verdict: done, killed_cpu
-- row 32: more label values than there may be, and odd ones
local c = gw.metrics.counter("hostile_series_total", "x", { "who" }, { max_series = 10 })
local F = { api = 1 }
function F.on_request()
    for i = 1, 2000 do c:inc(1, { "v" .. i }) end
    c:inc(1, { "a\0b\n\"\\\xff\xfe" })
    c:inc(1, { ("x"):rep(10000) })
    for _, labels in ipairs { {}, { 1, 2 }, { who = {} }, { other = 1 }, "x" } do assert(not pcall(c.inc, c, 1, labels)) end
end
return F
