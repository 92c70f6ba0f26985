-- verdict: load_error
-- row 31: a timer in a filter that does not say that it has any
gw.timer.every(1000, function() end)
return { api = 1, on_log = function() end }
