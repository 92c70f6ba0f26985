-- verdict: killed_cpu
-- row 1: a loop without end in on_log
return { api = 1, on_log = function() repeat until false end }
