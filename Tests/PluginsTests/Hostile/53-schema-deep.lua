-- verdict: load_error
-- row 53: a schema a thousand levels deep
local schema = {}
for _ = 1, 1000 do schema = { items = schema } end
return { api = 1, schema = schema }
