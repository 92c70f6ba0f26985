-- verdict: killed_cpu
-- row 1: a loop without end while the script is loaded
while true do end
