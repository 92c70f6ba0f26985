-- verdict: killed_cpu, error
-- row 7: a tree of coroutines, each of less than 1000 instructions
local F = { api = 1 }
local function tree(depth)
    for _ = 1, 30 do
        if depth > 0 then coroutine.wrap(tree)(depth - 1) end
    end
end
function F.on_request() tree(12) end
return F
