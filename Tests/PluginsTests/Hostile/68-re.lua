-- verdict: done, killed_cpu, error
-- row 68: regular expressions that others cannot finish
local F = { api = 1 }
function F.on_request()
    local r = re.compile("(a+)+$")
    assert(not r:match(("a"):rep(5000) .. "b"))
    for _, pattern in ipairs { "(", ")", "[", "a{1001}", "a**", "(?=x)", "\\1", ("("):rep(2000), ("a{1000}"):rep(100) } do pcall(re.compile, pattern) end
end
return F
