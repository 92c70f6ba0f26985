-- verdict: done
-- row 30: awaits in metamethods, iterators, __close and handlers' callers
local F = { api = 1 }
function F.on_request()
    local meta = { __index = function() gw.sleep(1) return 2 end, __lt = function() gw.sleep(1) return true end,
                   __concat = function() gw.sleep(1) return "c" end, __call = function() gw.sleep(1) return 5 end,
                   __eq = function() gw.sleep(1) return true end, __len = function() gw.sleep(1) return 9 end,
                   __newindex = function(t, k, v) gw.sleep(1) rawset(t, k, v) end, __close = function() gw.sleep(1) end }
    local a, b = setmetatable({}, meta), setmetatable({}, meta)
    assert(a.x == 2 and a < b and a .. b == "c" and a() == 5 and a == b and #a == 9)
    a.y = 7
    assert(rawget(a, "y") == 7)
    do local c <close> = setmetatable({}, meta) end
    for i in function(_, i) gw.sleep(1) i = (i or 0) + 1 if i < 4 then return i end end do assert(i < 4) end
    assert(select(2, xpcall(function() gw.sleep(1) return "r" end, print)) == "r")
end
return F
