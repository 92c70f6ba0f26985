-- verdict: killed_cpu, done, error
-- row 18: 2000 times 100 wide numbers
local F = { api = 1 }
function F.on_request()
    local numbers = {}
    for i = 1, 100 do numbers[i] = 1e308 end
    for _ = 1, 2000 do pcall(string.format, ("%99.99f"):rep(100), table.unpack(numbers)) end
end
return F
