-- verdict: done
-- row 30: awaits several requests, in pcall, in two coroutines
local F = { api = 1 }
function F.on_request()
    local answers = gw.http.all { { upstream = "authz", path = "/1" }, { upstream = "authz", path = "/fail" }, { upstream = "authz", path = "/3" } }
    assert(answers[1][1].status == 200 and answers[1][1].body == "/1")
    assert(not answers[2][1] and answers[2][2] == "timeout")
    assert(answers[3][1].headers:get("X-B") == "2")
    local value = coroutine.wrap(function()
        return coroutine.wrap(function()
            local _, answer = pcall(gw.http.call, { upstream = "authz", path = "/deep" })
            return answer.body
        end)()
    end)()
    assert(value == "/deep")
end
return F
