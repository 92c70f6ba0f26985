-- Answers of filters in the form of the gateway's own errors (RFC 9457).

--- @param ctx gw.Ctx
--- @param status integer
--- @param code string    stable, for programs
--- @param detail string  for people; never holds what the client sent
--- @param headers? table
--- @return gw.Reply
return function(ctx, status, code, detail, headers)
  local all = { ["content-type"] = "application/problem+json", ["cache-control"] = "no-store" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return gw.reply(status, all, json.encode{
    type = "urn:gateway:error:" .. code, status = status, detail = detail, request_id = ctx.request_id,
  })
end
