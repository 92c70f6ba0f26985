-- verdict: done
-- row 31: periods that are none
for _, ms in ipairs { -1, 0, 1e18, 0 / 0, 1 / 0, -1 / 0, "x", {}, math.mininteger } do assert(not pcall(gw.timer.every, ms, function() end)) end
assert(not pcall(gw.timer.every, 1000, function() end, { jitter = 0 / 0 }))
assert(not pcall(gw.timer.every, 1000, function() end, { jitter = -1 }))
assert(not pcall(gw.timer.every, 1000, nil))
return { api = 1, uses = { timers = true } }
