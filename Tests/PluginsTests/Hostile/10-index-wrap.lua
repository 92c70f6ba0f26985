-- verdict: killed_cpu
-- row 10: __index, in it a coroutine, in it pcall, all inside of pcall
local F = { api = 1 }
local function loop() while true do end end
local t = setmetatable({}, { __index = function() coroutine.wrap(function() while true do pcall(loop) end end)() end })
function F.on_request() while true do pcall(function() return t.x end) end end
return F
