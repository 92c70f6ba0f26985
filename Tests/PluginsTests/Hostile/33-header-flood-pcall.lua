-- verdict: killed_cpu, done
-- row 33: the same, catching the error
local F = { api = 1 }
function F.on_request(req)
    for i = 1, 100000 do pcall(req.headers.add, req.headers, "x-" .. i % 1000, ("y"):rep(1000)) end
    assert(req.headers:count() < 200)
end
return F
