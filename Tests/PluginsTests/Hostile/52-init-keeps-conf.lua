-- verdict: done
-- row 52: on_init tries everything that could reach the configuration behind the frozen one
local F = { api = 1 }
function F.on_init(conf)
    local _, real = pairs(conf)
    pcall(function() real.name = "changed" end)
    local f, s, v = pairs(conf.list)
    pcall(function() s[1] = "changed" end)
    pcall(table.insert, s, 1, "changed")
    local env = setmetatable({}, { __index = conf, __newindex = conf })
    pcall(function() env.name = "changed" end)
    pcall(table.move, { "changed" }, 1, 1, 1, conf.list)
    pcall(table.sort, conf.list)
    pcall(next, conf, "no such key")
    for k, t in pairs(conf) do if type(t) == "table" then pcall(rawset, t, 1, "changed") end end
end
function F.on_request(req, ctx) assert(ctx.conf.name == "x" and ctx.conf.list[1] == "b" and #ctx.conf.list == 2) end
return F
