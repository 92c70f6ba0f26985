-- verdict: killed_cpu
-- row 1: a loop without end in on_init
return { api = 1, on_init = function() while true do end end }
