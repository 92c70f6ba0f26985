-- verdict: load_error
-- row 53: a schema that holds itself
local schema = {}
schema.properties = { a = schema }
return { api = 1, schema = schema }
