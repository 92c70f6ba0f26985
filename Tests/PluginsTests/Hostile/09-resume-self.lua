-- verdict: done
-- row 9: resumes itself, its parent, and one that is dead
local F = { api = 1 }
function F.on_request()
    local self = coroutine.running()
    assert(not coroutine.resume(self))
    local child
    child = coroutine.create(function()
        assert(not coroutine.resume(child))
        assert(not coroutine.resume(self))
        assert(coroutine.status(self) == "normal")
    end)
    assert(coroutine.resume(child))
    assert(not coroutine.resume(child))
    assert(coroutine.status(child) == "dead")
end
return F
