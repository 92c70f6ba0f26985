-- verdict: error
-- row 50: returns what is no reply
local F = { api = 1 }
function F.on_request() return setmetatable({ status = 200 }, { __index = gw.reply(200) }) end
return F
