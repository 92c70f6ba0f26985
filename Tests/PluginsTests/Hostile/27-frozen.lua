-- verdict: done
-- row 27: a configuration that cannot be changed in any way
local F = { api = 1 }
function F.on_request(req, ctx)
    local conf = ctx.conf
    assert(conf.name == "x" and conf.list[1] == "b" and #conf.list == 2)
    for _, t in ipairs { conf, conf.list, conf.deep, conf.deep.n } do
        assert(not pcall(rawset, t, "x", 1))
        assert(not pcall(function() t.x = 1 end))
        assert(not pcall(function() t[1] = 1 end))
        assert(not pcall(setmetatable, t, nil))
        assert(not pcall(setmetatable, t, {}))
        assert(not getmetatable(t))
        assert(not pcall(table.insert, t, "y"))
        assert(not pcall(table.sort, t))
        assert(not pcall(table.move, { 7 }, 1, 1, 1, t))
        local following, shown = pairs(t)
        pcall(function() shown.x = 1 end)
        pcall(rawset, shown, "x", 1)
        assert(not pcall(table.remove, t) or rawlen(t) == 0)
        assert(rawget(t, "x") == nil)
    end
    assert(conf.list[1] == "b" and conf.list[2] == "a" and #conf.list == 2 and conf.deep.n.m == 1 and conf.x == nil)
    assert(table.concat(conf.list, ",") == "b,a")
    assert(select("#", table.unpack(conf.list)) == 2)
    local seen = 0
    for _ in pairs(conf) do seen = seen + 1 end
    assert(seen == 3)
    assert(next(conf) ~= nil and rawlen(conf.list) == 2)
end
return F
