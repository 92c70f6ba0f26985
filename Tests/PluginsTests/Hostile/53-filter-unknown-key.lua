-- verdict: load_error
-- row 53: a filter with a key that is none
return { api = 1, on_reqest = function() end }
