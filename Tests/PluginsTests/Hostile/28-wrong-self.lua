-- verdict: done
-- row 28: methods with another object as self
local F = { api = 1 }
function F.on_request(req, ctx)
    local objects = { req, ctx, req.headers, ctx.vars, gw.reply(200), {}, "x", 1, print, coroutine.running(), false }
    local methods = { req.body, req.arg, req.args, req.set_arg, req.cookie, req.set_body, req.json, req.body_chunks, req.set_upstream,
                      req.set_endpoint, req.hash_on, req.set_timeout, req.no_retry, req.reroute, req.body_size,
                      req.headers.get, req.headers.all, req.headers.pairs, req.headers.joined, req.headers.count, ctx.remaining_ms }
    for _, method in ipairs(methods) do
        for _, object in ipairs(objects) do pcall(method, object) pcall(method, object, object) end
        pcall(method)
    end
end
return F
