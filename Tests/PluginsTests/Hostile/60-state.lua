-- verdict: done
-- row 60: odd uses of the context
local F = { api = 1 }
function F.on_request(req, ctx)
    for _, name in ipairs { "conf", "state", "vars", "route", "request_id", "anything" } do assert(not pcall(function() ctx[name] = 1 end)) end
    assert(ctx.anything == nil and ctx[1] == nil and ctx[ctx] == nil and ctx[0 / 0] == nil)
    ctx.state.x = ctx
    ctx.state.state = ctx.state
    assert(ctx.state == ctx.state)
end
function F.on_response(res, ctx) assert(ctx.state.x == ctx and ctx.state.x.request_id == "rid") end
function F.on_log(rec, ctx)
    assert(ctx.state.state.x == ctx)
    assert(not pcall(function() rec.status = 1 end))
    assert(rec.nothing == nil and rec[1] == nil)
end
return F
