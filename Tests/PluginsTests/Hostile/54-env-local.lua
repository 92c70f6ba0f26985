-- verdict: done
-- row 54: an _ENV of its own, which inherits the real one
local real = _ENV
local F = { api = 1 }
do
    local _ENV = setmetatable({}, { __index = real })
    function F.on_request()
        x = 1
        real.assert(x == 1 and real.rawget(real, "x") == nil)
        real.assert(io == nil and load == nil and type(json) == "table")
    end
end
return F
