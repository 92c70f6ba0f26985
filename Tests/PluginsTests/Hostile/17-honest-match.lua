-- verdict: done, killed_cpu
-- row 17: an honest pattern on a path of 8 KB of slashes
local F = { api = 1 }
function F.on_request()
    local path = ("/"):rep(8192)
    local a, b, c = path:match("^/(.-)/(.-)/(.-)$")
end
return F
