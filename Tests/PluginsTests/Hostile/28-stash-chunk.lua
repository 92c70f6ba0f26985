-- verdict: error
-- row 28: uses the chunk before
local F = { api = 1, request_body = "stream" }
function F.on_request_body(chunk, ctx)
    if ctx.state.chunk then return ctx.state.chunk:bytes() end
    ctx.state.chunk = chunk
end
return F
