-- verdict: done
-- row 27: the metatables of handles
local F = { api = 1 }
function F.on_request(req, ctx)
    for _, object in ipairs { req, ctx, req.headers, ctx.vars, gw.reply(200) } do
        assert(getmetatable(object) == nil)
        assert(not pcall(setmetatable, object, {}))
        assert(not pcall(rawset, object, "x", 1))
        assert(not pcall(rawget, object, "x"))
        assert(not pcall(next, object))
        assert(not pcall(rawlen, object))
        assert(object.__index == nil and object.__newindex == nil and object.__metatable == nil and object.__gc == nil)
    end
end
return F
