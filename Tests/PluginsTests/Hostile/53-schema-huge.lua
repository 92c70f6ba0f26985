-- verdict: load_error, killed_mem, killed_cpu
-- row 53: a schema with a very long text
return { api = 1, schema = { description = ("x"):rep(2000000), title = ("y"):rep(2000000) } }
