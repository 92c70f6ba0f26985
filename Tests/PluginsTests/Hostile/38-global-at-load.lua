-- verdict: load_error
-- row 38: a global variable at load
leaked = 1
return { api = 1 }
