-- verdict: error
-- row 4: a finalizer, which nothing could stop
local F = { api = 1 }
function F.on_request() setmetatable({}, { __gc = function() while true do end end }) end
return F
