-- verdict: done
-- row 4: a finalizer that is added after setmetatable has no effect
local F = { api = 1 }
local ran = false
function F.on_request()
    for _ = 1, 500 do
        local meta = {}
        local object = setmetatable({}, meta)
        meta.__gc = function() ran = true while true do end end
        object = nil
        local _ = ("x"):rep(100)
    end
    assert(not ran)
end
return F
