-- verdict: done, killed_cpu
-- row 58: a flood of log lines
local F = { api = 1 }
function F.on_request()
    for _ = 1, 10000 do gw.log.info(("x"):rep(5000), { a = ("y"):rep(5000) }) print("x") end
    for _, fields in ipairs { 1, "x", print } do assert(not pcall(gw.log.info, "x", fields)) end
    assert(not pcall(gw.log.info))
    local cyclic = {}
    cyclic.x = cyclic
    assert(not pcall(gw.log.info, "x", cyclic))
end
return F
