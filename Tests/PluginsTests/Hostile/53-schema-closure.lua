-- verdict: load_error
-- row 53: a function in the schema
return { api = 1, schema = { type = "object", properties = { a = { type = function() while true do end end } } } }
