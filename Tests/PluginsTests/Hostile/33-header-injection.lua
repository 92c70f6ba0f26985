-- verdict: done
-- row 33: fields that are none
local F = { api = 1 }
function F.on_request(req)
    local h = req.headers
    for _, value in ipairs { "a\r\nb: c", "a\nb", "a\0b", "\127" } do
        assert(not pcall(h.set, h, "x", value))
        assert(not pcall(function() h["x"] = value end))
        assert(not pcall(h.add, h, "x", value))
        assert(not pcall(gw.reply, 200, { x = value }))
        assert(not pcall(gw.reply, 200, { x = { "ok", value } }))
    end
    for _, name in ipairs { "", "a b", "a\r\nb", ":path", "content-length", "Content-Length", "transfer-encoding", "TE", "connection", "host", "a:", "ü", "x\0" } do
        assert(not pcall(h.set, h, name, "1"), name)
        assert(not pcall(h.add, h, name, "1"), name)
        assert(not pcall(gw.reply, 200, { [name] = "1" }), name)
    end
    for _, value in ipairs { print, true, {} , req } do if value ~= true then pcall(h.set, h, "x", value) end end
    assert(not pcall(h.set, h, "x", print))
    assert(not pcall(h.set, h, print, "x"))
    assert(h:get("x") == nil)
end
return F
