-- verdict: reply
-- row 50: one reply for every request, with a body near the limit
local reply = gw.reply(200, { a = "b" }, ("x"):rep(1000000))
local F = { api = 1 }
function F.on_request() return reply end
return F
