-- verdict: error
-- row 64: a module that raises, required again: the same error, not a riddle
local F = { api = 1 }
function F.on_request()
    assert(not pcall(require, "lib.raises"))
    local _, problem = pcall(require, "lib.raises")
    assert(not problem:find("requires itself", 1, true), problem)
    error(problem, 0)
end
return F
