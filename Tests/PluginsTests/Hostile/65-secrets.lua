-- verdict: done
-- row 65: secrets and variables that were not allowed
local F = { api = 1 }
function F.on_request()
    assert(gw.secret("key") == "secret")
    for _, name in ipairs { "other", "", "key\0", 1, {}, print } do assert(not pcall(gw.secret, name)) assert(not pcall(gw.env, name)) end
    assert(not pcall(gw.env, "PATH"))
end
return F
