-- verdict: done
-- row 27: what authentication found cannot be changed
local F = { api = 1 }
function F.on_request(req, ctx)
    local auth = ctx.auth
    assert(auth.subject == "joe")
    assert(not pcall(function() auth.subject = "root" end))
    assert(not pcall(rawset, auth, "subject", "root"))
    assert(not pcall(table.insert, auth.scopes, "admin"))
    local _, shown = pairs(auth)
    pcall(function() shown.subject = "root" end)
    assert(ctx.auth.subject == "joe" and #ctx.auth.scopes == 2)
end
return F
