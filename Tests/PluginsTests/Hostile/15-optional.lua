-- verdict: killed_cpu, done, error
-- row 15: optional items that double the time
local F = { api = 1 }
function F.on_request()
    for n = 1, 40 do pcall(string.match, ("a"):rep(n), ("a?"):rep(n) .. ("a"):rep(n)) end
end
return F
