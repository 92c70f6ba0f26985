-- verdict: load_error
-- row own: a filter with a key that is a table
return { api = 1, [{}] = 1 }
