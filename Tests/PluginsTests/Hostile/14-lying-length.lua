-- verdict: done
-- row 14: lengths and elements that lie
local F = { api = 1 }
function F.on_request()
    local liar = setmetatable({}, { __len = function() return math.maxinteger end, __index = function() return "x" end })
    pcall(table.insert, liar, 1, 1)
    pcall(table.remove, liar)
    pcall(table.concat, liar)
    pcall(table.unpack, liar)
    pcall(table.sort, liar)
    pcall(table.move, liar, 1, 10, 2)
    pcall(gw.reply, 200, { x = liar })
    pcall(gw.http.all, liar)
end
return F
