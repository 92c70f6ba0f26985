-- verdict: load_error
-- row 53: a filter with a key that is a table
return { api = 1, [{}] = 1 }
