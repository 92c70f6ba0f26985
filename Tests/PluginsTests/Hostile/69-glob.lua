-- verdict: done, killed_cpu
-- row 69: text functions on long input
local F = { api = 1 }
function F.on_request()
    local s = ("a"):rep(100000)
    text.glob(("*a"):rep(100) .. "b", s)
    pcall(text.split, s, "a")
    pcall(text.split, s, "")
    text.trim((" "):rep(100000))
    base64.decode(base64.encode(s))
    hex.decode(hex.encode(s))
    url.unescape(("%"):rep(100000))
    url.decode_query(("&a=b"):rep(100000))
    assert(jwt.decode(("."):rep(100000)) == nil)
end
return F
