-- verdict: reply
-- row 73: a large reply on every request does not stay in the heap
local F = { api = 1 }
function F.on_request() return gw.reply(200, nil, ("x"):rep(1500000)) end
return F
