-- verdict: done
-- row 35: JSON that is nested deeper than it may
local F = { api = 1 }
function F.on_request()
    assert(json.decode(("["):rep(1000000)) == nil)
    assert(json.decode(('{"a":'):rep(100000)) == nil)
    for _, text in ipairs { "1e999", '"\\ud800"', "NaN", "Infinity", "01", "[1,]", "{'a':1}", '"\n"', "", "\xff", "nul", '{"a":1,}' } do
        assert(json.decode(text) == nil, text)
    end
    assert(json.decode('{"a":1,"a":2}').a == 2)
end
return F
