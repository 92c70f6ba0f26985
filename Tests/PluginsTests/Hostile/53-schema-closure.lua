-- verdict: load_error
-- row own: a function in the schema
return { api = 1, schema = { type = "object", properties = { a = { type = function() while true do end end } } } }
