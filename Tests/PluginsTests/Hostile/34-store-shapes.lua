-- verdict: done, killed_cpu
-- row 34: keys and values that a store refuses; a slow machine may stop it, but nothing may be taken
local F = { api = 1 }
function F.on_request()
    local s = gw.store("s")
    assert(not pcall(gw.store, "other"))
    assert(not pcall(gw.store, nil))
    assert(not s:set("k", ("x"):rep(1000000)))
    assert(not pcall(s.set, s, "k", print))
    local cyclic = {}
    cyclic.self = cyclic
    local ok, result = pcall(s.set, s, "k", cyclic)
    assert(not ok or not result)
    local deep = {}
    for _ = 1, 10000 do deep = { deep } end
    ok, result = pcall(s.set, s, "k", deep)
    assert(not ok or not result)
    s:set("a\0b", 1)
    assert(s:get("a\0b") == 1 and s:get("a") == nil)
end
return F
