-- verdict: load_error
-- row 31: ten thousand timers
for _ = 1, 10000 do gw.timer.every(1000, function() end) end
return { api = 1, uses = { timers = true } }
